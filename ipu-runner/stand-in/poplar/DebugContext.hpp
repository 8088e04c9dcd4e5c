// Stand-in for Poplar: a name for messages and profiles.
#pragma once

#include <string>

#include "StringRef.hpp"

namespace poplar {

class DebugContext {
  std::string name;

public:
  DebugContext() = default;
  DebugContext(const char *name) : name(name) {}
  DebugContext(StringRef name) : name(name) {}
  DebugContext(std::string name) : name(std::move(name)) {}

  const std::string &getPathName() const { return name; }
};

} // namespace poplar
