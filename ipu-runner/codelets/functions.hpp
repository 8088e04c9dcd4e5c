// exp and ln: NUMERICS.md, section 7. Their constants stand here and not in the generated header, because the core has them from the crate libm,
// which gives none of them a name.
#pragma once

#include "random.hpp"

// 2^k, for k from -126 to 127.
inline float power_of_two(int k) { return from_bits(unsigned(k + 127) << 23); }

// y 2^k, rounded once: y is between 1/2 and 2, k from -150 to 128.
inline float scaled(float y, int k) {
  if (k > 127)
    return y * power_of_two(127) * 2.0f;
  if (k < -126)
    // One of the products is exact: the first, as its result is normal.
    return y * power_of_two(k + 102) * power_of_two(-102);
  return y * power_of_two(k);
}

inline float exponential(float x) {
  const unsigned h = bits(x) & 0x7fffffffu;
  const bool negative = bits(x) >> 31;
  if (h > 0x7f800000u)
    return x;
  if (!negative && h >= 0x42b17218u)
    return x * power_of_two(127);
  if (negative && h >= 0x42cff1b5u)
    return 0.0f;
  int k = 0;
  float hi = x, lo = 0.0f;
  if (h > 0x3eb17218u) {
    if (h > 0x3f851592u)
      k = int(from_bits(0x3fb8aa3bu) * x + (negative ? -0.5f : 0.5f));
    else
      k = negative ? -1 : 1;
    hi = x - float(k) * from_bits(0x3f317200u);
    lo = float(k) * from_bits(0x35bfbe8eu);
    x = hi - lo;
  } else if (h <= 0x39000000u) {
    return 1.0f + x;
  }
  const float xx = x * x;
  const float c = x - xx * (from_bits(0x3e2aaa8fu) + xx * from_bits(0xbb355215u));
  const float y = 1.0f + (((x * c) / (2.0f - c) - lo) + hi);
  return k == 0 ? y : scaled(y, k);
}

// Of positive, finite and normal numbers.
inline float logarithm(float x) {
  if (x == 1.0f)
    return 0.0f;
  const unsigned word = bits(x) + (0x3f800000u - 0x3f3504f3u);
  const float k = float(int(word >> 23) - 127);
  const float f = from_bits((word & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
  const float s = f / (2.0f + f);
  const float z = s * s;
  const float w = z * z;
  const float t1 = w * (from_bits(0x3eccce13u) + w * from_bits(0x3e789e26u));
  const float t2 = z * (from_bits(0x3f2aaaaau) + w * from_bits(0x3e91e9eeu));
  const float r = t2 + t1;
  const float h = (0.5f * f) * f;
  return ((((s * (h + r)) + k * from_bits(0x3717f7d1u)) - h) + f) + k * from_bits(0x3f317180u);
}

// The first of the largest.
template <typename Numbers>
float largest(const Numbers &x, unsigned from, unsigned count) {
  float most = x[from];
  for (unsigned i = 1; i < count; ++i)
    if (x[from + i] > most)
      most = x[from + i];
  return most;
}
