// Generators: NUMERICS.md, section 2. 32-bit integers only.
#pragma once

#include "contract.hpp"

inline float from_bits(unsigned word) {
  float x;
  __builtin_memcpy(&x, &word, 4);
  return x;
}

inline unsigned bits(float x) {
  unsigned word;
  __builtin_memcpy(&word, &x, 4);
  return word;
}

// A number of 32 bits, rounded to the nearest float: two conversions that are exact, and one sum.
inline float to_float(int x) { return float(x >> 16) * 65536.0f + float(x & 0xffff); }

inline unsigned fmix32(unsigned h) {
  h ^= h >> 16;
  h *= FMIX_0;
  h ^= h >> 13;
  h *= FMIX_1;
  return h ^ h >> 16;
}

// One lane of one tile of one row.
struct Stream {
  unsigned x, y, z, w;

  Stream(unsigned x, unsigned y, unsigned z, unsigned w) : x(x), y(y), z(z), w(w) {}

  // `key`: four words.
  template <typename Key>
  Stream(const Key &key, unsigned at, unsigned row, unsigned tile, unsigned lane) {
    const unsigned offset = (lane + 1) * LANE_OFFSET;
    x = word(key[at], row, tile, offset) | 1;
    y = word(key[at + 1], row, tile, offset);
    z = word(key[at + 2], row, tile, offset);
    w = word(key[at + 3], row, tile, offset);
  }

  unsigned next() {
    unsigned t = x ^ x << 11;
    t ^= t >> 8;
    x = y;
    y = z;
    z = w;
    w = w ^ t ^ w >> 19;
    return w;
  }

private:
  static unsigned word(unsigned key, unsigned row, unsigned tile, unsigned offset) {
    return fmix32(fmix32(fmix32(key ^ row) ^ tile) + offset);
  }
};
