// Distributions: NUMERICS.md, section 3. Each makes the elements of a lane two by two.
#pragma once

#include <cmath>

#include "random.hpp"

struct Pair {
  float a, b;
};

// sin(pi x) on [-1/2, 1/2].
inline float sine(float x) {
  const float y = x * x;
  float q = from_bits(SINE_3);
  q = q * y + from_bits(SINE_2);
  q = q * y + from_bits(SINE_1);
  q = q * y + from_bits(SINE_0);
  return x * q;
}

struct Normal {
  static Pair pair(Stream &stream, unsigned, unsigned) {
    const unsigned radius = stream.next() >> 1 | 1;
    const unsigned angle = stream.next();
    const unsigned u = bits(to_float(int(radius))) - SQRT_HALF;
    const float e = float(31 - (int(u) >> 23));
    const float f = from_bits((u & 0x007fffffu) + SQRT_HALF) - 1.0f;
    float p = from_bits(LOG_7);
    p = p * f + from_bits(LOG_6);
    p = p * f + from_bits(LOG_5);
    p = p * f + from_bits(LOG_4);
    p = p * f + from_bits(LOG_3);
    p = p * f + from_bits(LOG_2);
    p = p * f + from_bits(LOG_1);
    p = p * f + from_bits(LOG_0);
    const float r = std::sqrt(f * p + from_bits(TWO_LN_2) * e);
    const float a = to_float(int(angle)) * from_bits(TWO_POW_MINUS_31);
    const float c = 0.5f - from_bits(bits(a) & 0x7fffffffu);
    const float s = 0.5f - from_bits(bits(c) & 0x7fffffffu);
    const float sign = from_bits(bits(sine(s)) ^ (bits(a) & 0x80000000u));
    return {r * sine(c), r * sign};
  }
};

struct LogNormal {
  static Pair pair(Stream &stream, unsigned index, unsigned threshold) {
    const Pair n = Normal::pair(stream, index, threshold);
    return {element(n.a), element(n.b)};
  }

private:
  static float element(float n) {
    const float t = n * from_bits(PER_LN_2) + from_bits(ROUND);
    const float k = t - from_bits(ROUND);
    const float f = (n - k * from_bits(LN_2_HIGH)) - k * from_bits(LN_2_LOW);
    float e = from_bits(EXP_4);
    e = e * f + from_bits(EXP_3);
    e = e * f + from_bits(EXP_2);
    e = e * f + from_bits(EXP_1);
    e = e * f + from_bits(EXP_0);
    e = e * f + 1.0f;
    e = e * f + 1.0f;
    return from_bits(bits(e) + (bits(t) << 23)) - from_bits(MEAN);
  }
};

struct Uniform {
  static Pair pair(Stream &stream, unsigned, unsigned) {
    const unsigned word = stream.next();
    const float scale = from_bits(TWO_POW_MINUS_31);
    return {float(int(word & 0xffff0000u)) * scale, float(int(word << 16)) * scale};
  }
};

// `threshold`: 65,536 p.
struct Bernoulli {
  static Pair pair(Stream &stream, unsigned, unsigned threshold) {
    const unsigned word = stream.next();
    return {element(word >> 16, threshold), element(word & 0xffffu, threshold)};
  }

private:
  // Whole numbers up to 2^16, over 2^15: exact.
  static float element(unsigned h, unsigned threshold) {
    const int x = h < threshold ? 65536 - int(threshold) : -int(threshold);
    return float(x) * from_bits(TWO_POW_MINUS_15);
  }
};

// A word of signs serves sixteen pairs; the stream keeps no bits, so a row of signs looks at the word again.
struct Rademacher {
  static Pair pair(Stream &stream, unsigned index, unsigned) {
    if (index % 16 == 0)
      stream.next();
    const unsigned word = stream.w >> index % 16 * 2;
    return {from_bits(ONE | word << 31), from_bits(ONE | (word & 2) << 30)};
  }
};

struct Zeros {
  static Pair pair(Stream &, unsigned, unsigned) { return {0.0f, 0.0f}; }
};

// Before the rotation.
struct HadamardNormal {
  static Pair pair(Stream &stream, unsigned, unsigned) {
    const unsigned word = stream.next();
    return {cubic(int(word) >> 16), cubic(int(word << 16) >> 16)};
  }

private:
  static float cubic(int half) {
    const int u = half | 1;
    const int v = u * u >> 16;
    const int f = (v * CUBIC_SQUARE >> 16) + CUBIC_CONSTANT;
    const int x = u * f >> 16 | 1;
    return float(x * 65536);
  }
};

// How many lanes a vertex makes side by side where it is free to choose. A tile has no registers for several; the tile machine asks for more.
#ifndef SIDE_BY_SIDE
#define SIDE_BY_SIDE 1
#endif

// Lanes of rows, side by side, and the two elements of each that were made last. The loop has no branch and no order between its lanes, so that
// a compiler can make vector instructions of it.
template <typename Law, unsigned N>
struct Lanes {
  float a[N], b[N];

  void set(unsigned n, const Stream &stream) { x[n] = stream.x, y[n] = stream.y, z[n] = stream.z, w[n] = stream.w; }

  void pair(unsigned index, unsigned threshold) {
    for (unsigned n = 0; n < N; ++n) {
      Stream stream(x[n], y[n], z[n], w[n]);
      const Pair elements = Law::pair(stream, index, threshold);
      a[n] = elements.a, b[n] = elements.b;
      set(n, stream);
    }
  }

private:
  unsigned x[N], y[N], z[N], w[N];
};
