// Stand-in for Poplar: text that belongs to somebody else.
#pragma once

#include <cstring>
#include <string>

#include "ArrayRef.hpp"

namespace poplar {

class StringRef : public ArrayRef<char> {
public:
  StringRef() = default;
  StringRef(const char *text) : ArrayRef(text, std::strlen(text)) {}
  StringRef(const std::string &text) : ArrayRef(text.data(), text.size()) {}

  std::string cloneAsString() const { return std::string(begin(), end()); }
  operator std::string() const { return cloneAsString(); }
};

} // namespace poplar
