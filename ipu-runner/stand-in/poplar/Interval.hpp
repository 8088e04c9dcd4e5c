// Stand-in for Poplar: neighbouring elements.
#pragma once

#include <cstddef>

namespace poplar {

class Interval {
  std::size_t first = 0, last = 0;

public:
  Interval() = default;
  Interval(std::size_t begin, std::size_t end) : first(begin), last(end) {}

  std::size_t begin() const { return first; }
  std::size_t end() const { return last; }
  std::size_t size() const { return last - first; }
};

} // namespace poplar
