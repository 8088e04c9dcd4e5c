// Stand-in for Poplar: types of elements. The tile machine has these two.
#pragma once

#include <cstddef>
#include <string>

#include "exceptions.hpp"

namespace poplar {

class Type {
  uint32_t kind = STAND_IN_FLOAT;

public:
  Type() = default;
  explicit constexpr Type(uint32_t kind) : kind(kind) {}

  uint32_t stand_in_kind() const { return kind; }
  std::string toString() const { return kind == STAND_IN_FLOAT ? "float" : "unsigned int"; }
  bool operator==(const Type &other) const { return kind == other.kind; }
  bool operator!=(const Type &other) const { return kind != other.kind; }
};

inline constexpr Type FLOAT{STAND_IN_FLOAT};
inline constexpr Type UNSIGNED_INT{STAND_IN_UNSIGNED};

// The type of a host's numbers.
template <typename T>
struct equivalent_device_type;

template <>
struct equivalent_device_type<float> {
  const Type value = FLOAT;
};

template <>
struct equivalent_device_type<unsigned> {
  const Type value = UNSIGNED_INT;
};

} // namespace poplar
