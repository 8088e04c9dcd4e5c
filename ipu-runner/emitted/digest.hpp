// XXH64 with seed 0, of bytes: the digest that random-bases takes of weights. It finds accidents, not attackers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace xxh64 {

constexpr uint64_t P1 = 0x9e3779b185ebca87u, P2 = 0xc2b2ae3d27d4eb4fu, P3 = 0x165667b19e3779f9u,
                   P4 = 0x85ebca77c2b2ae63u, P5 = 0x27d4eb2f165667c5u;

inline uint64_t rotate(uint64_t x, unsigned by) { return x << by | x >> (64 - by); }

// Little-endian, on any machine.
inline uint64_t word(const unsigned char *at, unsigned bytes) {
  uint64_t x = 0;
  for (unsigned i = 0; i < bytes; ++i)
    x |= uint64_t(at[i]) << (8 * i);
  return x;
}

inline uint64_t round(uint64_t lane, uint64_t input) { return rotate(lane + input * P2, 31) * P1; }

inline uint64_t digest(const unsigned char *at, std::size_t len) {
  const unsigned char *const end = at + len;
  uint64_t hash = P5;
  if (len >= 32) {
    uint64_t lanes[4] = {P1 + P2, P2, 0, 0 - P1};
    for (; end - at >= 32; at += 32)
      for (unsigned i = 0; i < 4; ++i)
        lanes[i] = round(lanes[i], word(at + 8 * i, 8));
    hash = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);
    for (uint64_t lane : lanes)
      hash = (hash ^ round(0, lane)) * P1 + P4;
  }
  hash += len;
  for (; end - at >= 8; at += 8)
    hash = rotate(hash ^ round(0, word(at, 8)), 27) * P1 + P4;
  for (; end - at >= 4; at += 4)
    hash = rotate(hash ^ word(at, 4) * P1, 23) * P2 + P3;
  for (; at < end; ++at)
    hash = rotate(hash ^ *at * P5, 11) * P1;
  hash = (hash ^ hash >> 33) * P2;
  hash = (hash ^ hash >> 29) * P3;
  return hash ^ hash >> 32;
}

} // namespace xxh64
