// Stand-in for Poplar: a stream between host and device.
#pragma once

#include <cstddef>
#include <string>

#include "Type.hpp"

namespace poplar {

class DataStream {
  std::string name;
  uint32_t number = 0;
  std::size_t count = 0;
  Type type;

public:
  DataStream() = default;
  DataStream(std::string name, uint32_t number, std::size_t count, Type type)
      : name(std::move(name)), number(number), count(count), type(type) {}

  std::string handle() const { return name; }
  std::size_t numElements() const { return count; }
  Type elementType() const { return type; }
  uint32_t stand_in_number() const { return number; }
};

} // namespace poplar
