// Stand-in for Poplar: a list that belongs to somebody else.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <vector>

namespace poplar {

template <typename T>
class ArrayRef {
  const T *first = nullptr;
  std::size_t count = 0;

public:
  using value_type = T;

  ArrayRef() = default;
  ArrayRef(const T *first, std::size_t count) : first(first), count(count) {}
  ArrayRef(const std::vector<T> &list) : first(list.data()), count(list.size()) {}
  // Good until the end of the expression that it stands in, like every such list.
  ArrayRef(const std::initializer_list<T> &list) : ArrayRef(std::data(list), list.size()) {}

  const T *data() const { return first; }
  const T *begin() const { return first; }
  const T *end() const { return first + count; }
  std::size_t size() const { return count; }
  bool empty() const { return count == 0; }
  const T &operator[](std::size_t i) const { return first[i]; }
};

} // namespace poplar
