// Rows, projected and lifted: NUMERICS.md, sections 3 to 5.
//
// The smallest piece of a row that can be made alone is one lane of one tile: 256 elements. That is what workers share. Numbers of lanes lie
// as [row][lane], so that a worker's part of them is one stretch. How many of its lanes a worker makes side by side moves no bit.
#include <poplar/Vertex.hpp>

#include "laws.hpp"

using namespace poplar;

// Sums over lanes of rows: of the first `elements` elements of a tile, of what `term(x, at)` makes of element x at place `at`. Four vectors at a
// time; what lies behind the end is +0. Sum i is of lane (first + i) mod 16 of row (first + i) div 16.
template <typename Law, typename Keys, typename Term, typename Sums>
void laneSums(const Keys &keys, unsigned keyStride, unsigned tile, unsigned first, unsigned elements, unsigned threshold, Term term,
              Sums &sums) {
  const unsigned count = sums.size();
  for (unsigned i = 0; i < count; i += SIDE_BY_SIDE) {
    Lanes<Law, SIDE_BY_SIDE> lanes;
    unsigned lane[SIDE_BY_SIDE];
    float sum[SIDE_BY_SIDE], terms[4][SIDE_BY_SIDE];
    for (unsigned n = 0; n < SIDE_BY_SIDE; ++n) {
      // After the last lane, once more the last: its sum is not kept.
      const unsigned at = first + (i + n < count ? i + n : count - 1), row = at / LANES;
      lane[n] = at % LANES;
      lanes.set(n, Stream(keys, row * keyStride, row, tile, lane[n]));
      sum[n] = 0.0f;
    }
    for (unsigned v = 0; v * LANES < elements; v += 4) {
      for (unsigned k = 0; k < 4; k += 2) {
        lanes.pair((v + k) / 2, threshold);
        for (unsigned n = 0; n < SIDE_BY_SIDE; ++n) {
          const unsigned at = (v + k) * LANES + lane[n];
          terms[k][n] = at < elements ? term(lanes.a[n], at) : 0.0f;
          terms[k + 1][n] = at + LANES < elements ? term(lanes.b[n], at + LANES) : 0.0f;
        }
      }
      for (unsigned n = 0; n < SIDE_BY_SIDE; ++n)
        sum[n] = sum[n] + ((terms[0][n] + terms[1][n]) + (terms[2][n] + terms[3][n]));
    }
    for (unsigned n = 0; n < SIDE_BY_SIDE && i + n < count; ++n)
      sums[i + n] = sum[n];
  }
}

// Sums over the lanes of one tile, of rows times a gradient.
template <typename Law>
class Project : public Vertex {
public:
  Input<Vector<unsigned>> keys;
  Input<Vector<float>> gradient;
  Output<Vector<float>> sums;
  const unsigned tile;
  const unsigned first;
  const unsigned keyStride;
  const unsigned threshold;

  bool compute() {
    const auto term = [this](float x, unsigned at) { return x * gradient[at]; };
    laneSums<Law>(keys, keyStride, tile, first, gradient.size(), threshold, term, sums);
    return true;
  }
};

// The same of rows times themselves, for the first `elements` elements of a tile.
template <typename Law>
class SquaredNorms : public Vertex {
public:
  Input<Vector<unsigned>> keys;
  Output<Vector<float>> sums;
  const unsigned elements;
  const unsigned tile;
  const unsigned first;
  const unsigned keyStride;
  const unsigned threshold;

  bool compute() {
    const auto term = [](float x, unsigned) { return x * x; };
    laneSums<Law>(keys, keyStride, tile, first, elements, threshold, term, sums);
    return true;
  }
};

// Sixteen lanes become one number, as a tree. `halve`: directions go in pairs, and those with odd numbers are mirrored rows.
class TileSums : public Vertex {
public:
  Input<Vector<float>> lanes;
  Output<Vector<float>> sums;
  const unsigned first;
  const unsigned halve;

  bool compute() {
    const unsigned begin = first >> halve;
    for (unsigned i = 0; i < sums.size(); ++i) {
      const unsigned at = (((first + i) >> halve) - begin) * LANES;
      const float a = (lanes[at] + lanes[at + 8]) + (lanes[at + 4] + lanes[at + 12]);
      const float b = (lanes[at + 1] + lanes[at + 9]) + (lanes[at + 5] + lanes[at + 13]);
      const float c = (lanes[at + 2] + lanes[at + 10]) + (lanes[at + 6] + lanes[at + 14]);
      const float d = (lanes[at + 3] + lanes[at + 11]) + (lanes[at + 7] + lanes[at + 15]);
      const float sum = (a + c) + (b + d);
      sums[i] = halve && ((first + i) & 1) ? 0.0f - sum : sum;
    }
    return true;
  }
};

// Sums over tiles, in their order: `partials` is [tiles][sums].
class Combine : public Vertex {
public:
  Input<Vector<float>> partials;
  Output<Vector<float>> sums;

  bool compute() {
    const unsigned count = sums.size(), all = partials.size();
    for (unsigned i = 0; i < count; ++i) {
      float sum = 0.0f;
      for (unsigned at = i; at < all; at += count)
        sum = sum + partials[at];
      sums[i] = sum;
    }
    return true;
  }
};

// Four rows, weighted and summed, lane by lane of one tile: [four][lane][vectors]. Lane `first + i` is lane (first + i) mod 16 of the
// four of directions that begins at 4 ((first + i) div 16). Coefficients and fours are those of a wave of directions, which begins at
// direction `*start` of `directions`.
template <typename Law>
class LiftFours : public Vertex {
public:
  Input<Vector<unsigned>> keys;
  Input<Vector<float>> coefficients;
  Input<unsigned> start;
  Output<Vector<float>> fours;
  const unsigned tile;
  const unsigned first;
  const unsigned vectors;
  const unsigned directions;
  const unsigned keyStride;
  const unsigned halve;
  const unsigned threshold;

  bool compute() {
    unsigned out = 0;
    for (unsigned i = 0; out < fours.size(); ++i) {
      const unsigned lane = (first + i) % LANES, direction = (first + i) / LANES * 4;
      const float a = factor(direction), b = factor(direction + 1);
      const float c = factor(direction + 2), d = factor(direction + 3);
      Lanes<Law, 4> rows;
      for (unsigned n = 0; n < 4; ++n)
        rows.set(n, row(direction + n, lane));
      for (unsigned v = 0; v < vectors; v += 2) {
        rows.pair(v / 2, threshold);
        fours[out++] = (a * rows.a[0] + b * rows.a[1]) + (c * rows.a[2] + d * rows.a[3]);
        fours[out++] = (a * rows.b[0] + b * rows.b[1]) + (c * rows.b[2] + d * rows.b[3]);
      }
    }
    return true;
  }

private:
  Stream row(unsigned direction, unsigned lane) const {
    // A direction that does not exist counts zero times; it stands for the last one, whose key exists.
    const unsigned last = directions - 1, at = *start + direction;
    const unsigned number = (at < last ? at : last) >> halve;
    return Stream(keys, number * keyStride, number, tile, lane);
  }

  float factor(unsigned direction) const {
    if (direction >= coefficients.size())
      return 0.0f;
    const unsigned sign = halve && (direction & 1) ? 0x80000000u : 0;
    return from_bits(bits(coefficients[direction]) ^ sign);
  }
};

// The fours of a wave, [four][elements], join the sum of the waves before: within blocks in order, then over blocks in order. A wave begins with a
// block.
class SumFours : public Vertex {
public:
  Input<Vector<float>> fours;
  InOut<Vector<float>> total;

  bool compute() {
    const unsigned count = total.size(), all = fours.size();
    for (unsigned e = 0; e < count; ++e) {
      float sum = total[e];
      for (unsigned at = e; at < all;) {
        float block = 0.0f;
        for (unsigned k = 0; k < BLOCK / 4 && at < all; ++k, at += count)
          block = block + fours[at];
        sum = sum + block;
      }
      total[e] = sum;
    }
    return true;
  }
};

// One lane of a tile, whole, rotated.
class Rotate : public Vertex {
public:
  InOut<Vector<float>> lane;

  bool compute() {
    for (unsigned distance = 1; distance < VECTORS; distance *= 2)
      for (unsigned i = 0; i < VECTORS; ++i)
        if (!(i & distance)) {
          const float a = lane[i], b = lane[i + distance];
          lane[i] = a + b;
          lane[i + distance] = a - b;
        }
    for (unsigned i = 0; i < VECTORS; ++i)
      lane[i] = lane[i] * from_bits(ROTATION_SCALE);
    return true;
  }
};

// weights += scale * total, where the total lies lane by lane and the weights vector by vector.
class ApplyLanes : public Vertex {
public:
  Vector<Input<Vector<float>>> total;
  InOut<Vector<float>> weights;
  Input<float> scale;

  bool compute() {
    const float factor = *scale;
    for (unsigned e = 0; e < weights.size(); ++e)
      weights[e] = weights[e] + factor * total[e % LANES][e / LANES];
    return true;
  }
};

// Initial weights: a lane of a tile of a row, times the limits of the tensors that its elements belong to. `ends[i]` is where tensor i ends.
class InitialWeights : public Vertex {
public:
  Input<Vector<unsigned>> key;
  Input<Vector<unsigned>> ends;
  Input<Vector<float>> limits;
  Output<Vector<float>> weights;
  const unsigned tile;
  const unsigned lane;

  bool compute() {
    Stream stream(key, 0, 0, tile, lane);
    unsigned tensor = 0;
    for (unsigned v = 0; v < weights.size(); v += 2) {
      const Pair p = Uniform::pair(stream, v / 2, 0);
      for (unsigned k = 0; k < 2 && v + k < weights.size(); ++k) {
        const unsigned element = tile * TILE + (v + k) * LANES + lane;
        while (element >= ends[tensor])
          ++tensor;
        const float limit = limits[tensor];
        weights[v + k] = limit > 0.0f ? (k ? p.b : p.a) * limit : 0.0f;
      }
    }
    return true;
  }
};

template class Project<Normal>;
template class Project<LogNormal>;
template class Project<Uniform>;
template class Project<Bernoulli>;
template class Project<Rademacher>;
template class Project<Zeros>;
template class Project<HadamardNormal>;
template class SquaredNorms<Normal>;
template class SquaredNorms<LogNormal>;
template class SquaredNorms<Uniform>;
template class SquaredNorms<Bernoulli>;
template class SquaredNorms<Rademacher>;
template class SquaredNorms<Zeros>;
template class LiftFours<Normal>;
template class LiftFours<LogNormal>;
template class LiftFours<Uniform>;
template class LiftFours<Bernoulli>;
template class LiftFours<Rademacher>;
template class LiftFours<Zeros>;
template class LiftFours<HadamardNormal>;
