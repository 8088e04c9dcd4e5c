// Stand-in for Poplar: options, of which the tile machine knows none.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "StringRef.hpp"
#include "exceptions.hpp"

namespace poplar {

class OptionFlags {
public:
  OptionFlags() = default;
  OptionFlags(std::initializer_list<std::pair<std::string, std::string>> options) {
    for (const auto &option : options)
      set(option.first, option.second);
  }
  void set(StringRef key, StringRef) {
    throw invalid_option("the stand-in for Poplar has no option " + key.cloneAsString());
  }
};

} // namespace poplar
