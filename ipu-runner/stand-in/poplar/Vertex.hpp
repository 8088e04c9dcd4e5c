// What a codelet includes where there is no Poplar SDK: the same names, as pointers and sizes.
//
// The tile machine fills them in, in the order of their declaration. What a codelet must not do with a field (write an Input, read an Output)
// the types forbid; an index beyond its end is noticed, and the vertex fails.
#pragma once

#include <cstddef>

namespace poplar {

// Whether the vertex that runs on this thread went beyond a field.
inline thread_local bool went_beyond = false;

// Where such accesses go.
template <typename T>
T *nowhere() {
  static thread_local T element;
  went_beyond = true;
  return &element;
}

enum class VectorLayout { SPAN, ONE_PTR };

// A one-dimensional piece of a tensor.
template <typename T, VectorLayout L = VectorLayout::SPAN, unsigned Alignment = alignof(T)>
struct Vector {
  T *data = nullptr;
  std::size_t count = 0;

  // Alone it is no field; see below.
  T *at(std::size_t i) const { return __builtin_expect(i < count, true) ? data + i : nowhere<T>(); }
  unsigned size() const {
    static_assert(L == VectorLayout::SPAN, "ONE_PTR knows no size");
    return unsigned(count);
  }
};

// A scalar is read through a pointer, too.
template <typename T>
class Input {
  const T *at = nullptr;

public:
  const T &operator*() const { return *at; }
  void bind(void *data, std::size_t) { at = static_cast<const T *>(data); }
};

template <typename T, VectorLayout L, unsigned A>
class Input<Vector<T, L, A>> {
  Vector<T, L, A> piece;

public:
  const T &operator[](std::size_t i) const { return *piece.at(i); }
  unsigned size() const { return piece.size(); }
  void bind(void *data, std::size_t count) { piece.data = static_cast<T *>(data), piece.count = count; }
};

template <typename T>
class InOut;

template <typename T, VectorLayout L, unsigned A>
class InOut<Vector<T, L, A>> {
  Vector<T, L, A> piece;

public:
  T &operator[](std::size_t i) const { return *piece.at(i); }
  unsigned size() const { return piece.size(); }
  void bind(void *data, std::size_t count) { piece.data = static_cast<T *>(data), piece.count = count; }
};

template <typename T>
class Output;

// Written element by element, never read.
template <typename T, VectorLayout L, unsigned A>
class Output<Vector<T, L, A>> {
  Vector<T, L, A> piece;

  class Element {
    T *at;

  public:
    explicit Element(T *at) : at(at) {}
    void operator=(T x) const { *at = x; }
  };

public:
  Element operator[](std::size_t i) const { return Element(piece.at(i)); }
  unsigned size() const { return piece.size(); }
  void bind(void *data, std::size_t count) { piece.data = static_cast<T *>(data), piece.count = count; }
};

// A list of pieces that lie anywhere.
template <typename T, VectorLayout L, unsigned A>
class Vector<Input<T>, L, A> {
  const Input<T> *pieces = nullptr;
  std::size_t count = 0;

public:
  const Input<T> &operator[](std::size_t i) const { return i < count ? pieces[i] : *nowhere<Input<T>>(); }
  unsigned size() const { return unsigned(count); }
  void bind_list(const Input<T> *of, std::size_t n) { pieces = of, count = n; }
};

class Vertex {};

} // namespace poplar
