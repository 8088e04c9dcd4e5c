// Stand-in for Poplar: views of variables. Of several dimensions only the number of elements is known; slices are of one dimension.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "ArrayRef.hpp"
#include "Interval.hpp"
#include "Type.hpp"

namespace poplar {

class Tensor {
  Type type;
  uint32_t variable = 0;
  std::vector<StandInRange> ranges;
  std::vector<std::size_t> dims;
  bool made = false;

  void expect_dimension(const char *what) const {
    if (dims.size() != 1)
      throw poplar_error(std::string(what) + " of a tensor of rank " + std::to_string(dims.size()));
  }

public:
  Tensor() = default;
  Tensor(Type type, uint32_t variable, std::vector<StandInRange> ranges, std::vector<std::size_t> dims)
      : type(type), variable(variable), ranges(std::move(ranges)), dims(std::move(dims)), made(true) {}

  bool valid() const { return made; }
  Type elementType() const { return type; }
  std::size_t rank() const { return dims.size(); }
  std::size_t dim(unsigned i) const { return dims.at(i); }
  std::vector<std::size_t> shape() const { return dims; }
  std::size_t numElements() const {
    std::size_t count = 1;
    for (std::size_t dim : dims)
      count *= dim;
    return count;
  }
  bool isContiguous() const { return ranges.size() <= 1; }

  Tensor slice(std::size_t begin, std::size_t end) const {
    expect_dimension("a slice");
    if (begin > end || end > dims[0])
      throw poplar_error("a slice from " + std::to_string(begin) + " to " + std::to_string(end) + " of " +
                         std::to_string(dims[0]) + " elements");
    std::vector<StandInRange> pieces;
    std::size_t at = 0;
    for (const auto &range : ranges) {
      const std::size_t len = range.end - range.begin;
      const std::size_t from = begin > at ? begin - at : 0, to = end < at + len ? end - at : len;
      if (at < end && from < to)
        pieces.push_back({range.begin + from, range.begin + to});
      at += len;
    }
    return Tensor(type, variable, pieces, {end - begin});
  }
  Tensor slice(const Interval &interval) const { return slice(interval.begin(), interval.end()); }

  Tensor operator[](std::size_t i) const { return slice(i, i + 1).reshape({}); }

  Tensor reshape(ArrayRef<std::size_t> shape) const {
    Tensor reshaped(type, variable, ranges, std::vector<std::size_t>(shape.begin(), shape.end()));
    if (reshaped.numElements() != numElements())
      throw poplar_error("reshape: " + std::to_string(numElements()) + " elements to " +
                         std::to_string(reshaped.numElements()));
    return reshaped;
  }
  Tensor flatten() const { return reshape({numElements()}); }

  uint32_t stand_in_variable() const { return variable; }
  const std::vector<StandInRange> &stand_in_ranges() const { return ranges; }
  StandInView stand_in_view() const { return {variable, ranges.data(), ranges.size()}; }
};

inline Tensor concat(ArrayRef<Tensor> pieces, unsigned dimension = 0) {
  if (pieces.empty() || dimension != 0)
    throw poplar_error("concat: of nothing, or along another dimension than the first");
  std::vector<StandInRange> ranges;
  std::size_t count = 0;
  for (const Tensor &piece : pieces) {
    if (piece.rank() != 1 || piece.elementType() != pieces[0].elementType())
      throw poplar_error("concat: of tensors of different ranks or types");
    if (piece.stand_in_variable() != pieces[0].stand_in_variable())
      throw poplar_error("concat: the tile machine has no views of several variables");
    ranges.insert(ranges.end(), piece.stand_in_ranges().begin(), piece.stand_in_ranges().end());
    count += piece.numElements();
  }
  return Tensor(pieces[0].elementType(), pieces[0].stand_in_variable(), ranges, {count});
}

inline Tensor concat(const Tensor &first, const Tensor &second, unsigned dimension = 0) {
  return concat({first, second}, dimension);
}

} // namespace poplar
