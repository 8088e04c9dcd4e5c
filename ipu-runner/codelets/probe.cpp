// What cannot be known without an IPU: a codelet for each question of `ipu-runner probe`.
//
// Questions are compiled one by one, each with what stands before the first of them: a builtin that a compiler lacks costs one answer, not all.
// Where there is no IPU a codelet does what this project assumes that the hardware does, and says so: `measured` is then 0.
#include <poplar/Vertex.hpp>

#include <cmath>

#include "random.hpp"

#ifdef __IPU__
#include <ipu_builtins.h>
#include <ipudef.h>
#endif

using namespace poplar;

#ifdef __IPU__
constexpr unsigned on_hardware = 1;
#else
constexpr unsigned on_hardware = 0;
#endif

// The generator of a worker: xoroshiro128aox. Numbers of registers are those of the upper bank.
struct Generator {
#ifdef __IPU__
  void set(unsigned s00, unsigned s01, unsigned s10, unsigned s11) {
    __builtin_ipu_uput(s00, 3);
    __builtin_ipu_uput(s01, 4);
    __builtin_ipu_uput(s10, 5);
    __builtin_ipu_uput(s11, 6);
  }

  void seed(unsigned value) { __builtin_ipu_uput(value, 7); }

  unsigned long long next64() { return __builtin_ipu_urand64(); }

  unsigned next32() { return __builtin_ipu_urand32(); }
#else
  unsigned long long s0 = 0, s1 = 0;

  static unsigned long long rotate(unsigned long long x, unsigned n) { return x << n | x >> (64 - n); }

  void set(unsigned s00, unsigned s01, unsigned s10, unsigned s11) {
    s0 = (unsigned long long)s01 << 32 | s00;
    s1 = (unsigned long long)s11 << 32 | s10;
  }

  void seed(unsigned value) {
    const unsigned other = ~value;
    set(value, other, value << 13 | other >> 19, other << 13 | value >> 19);
  }

  unsigned long long next64() {
    const unsigned long long sx = s0 ^ s1, sa = s0 & s1;
    s0 = rotate(s0, 55) ^ sx ^ sx << 14;
    s1 = rotate(sx, 36);
    return sx ^ (rotate(sa, 1) | rotate(sa, 2));
  }

  unsigned next32() { return unsigned(next64()); }
#endif
};

// ---- Question 1: a product and a sum.
class ProductAndSum : public Vertex {
public:
  Input<Vector<float>> a;
  Input<Vector<float>> b;
  Input<Vector<float>> c;
  Output<Vector<float>> sums;
  Output<Vector<unsigned>> measured;

  bool compute() {
    for (unsigned i = 0; i < sums.size(); ++i)
      sums[i] = a[i] * b[i] + c[i];
    measured[0] = on_hardware;
    return true;
  }
};

// ---- Question 2: division and square root.
class DivisionAndRoot : public Vertex {
public:
  Input<Vector<float>> a;
  Input<Vector<float>> b;
  Output<Vector<float>> quotients;
  Output<Vector<float>> roots;
  Output<Vector<unsigned>> measured;

  bool compute() {
    for (unsigned i = 0; i < quotients.size(); ++i) {
      quotients[i] = a[i] / b[i];
      roots[i] = std::sqrt(a[i]);
    }
    measured[0] = on_hardware;
    return true;
  }
};

// ---- Question 3: numbers below 2^-126.
class Subnormals : public Vertex {
public:
  Input<Vector<float>> a;
  Input<Vector<float>> b;
  Output<Vector<float>> sums;
  Output<Vector<float>> products;
  Output<Vector<unsigned>> measured;

  bool compute() {
    for (unsigned i = 0; i < sums.size(); ++i) {
      sums[i] = a[i] + b[i];
      products[i] = a[i] * b[i];
    }
    measured[0] = on_hardware;
    return true;
  }
};

// ---- Question 4: the generator, from its state and from a seed.
class GeneratorOutputs : public Vertex {
public:
  // Rows of five words: 0 and the four words of a state, or 1 and a seed.
  Input<Vector<unsigned>> starts;
  // Outputs that are passed over before those of a row are taken.
  Input<Vector<unsigned>> skipped;
  // Four outputs for each row, each the low word and the high word.
  Output<Vector<unsigned>> outputs;
  Output<Vector<unsigned>> measured;

  bool compute() {
    for (unsigned row = 0; 5 * row < starts.size(); ++row) {
      Generator generator;
      const unsigned at = 5 * row;
      if (starts[at] == 0)
        generator.set(starts[at + 1], starts[at + 2], starts[at + 3], starts[at + 4]);
      else
        generator.seed(starts[at + 1]);
      for (unsigned i = 0; i < skipped[row]; ++i)
        generator.next64();
      for (unsigned i = 0; i < 4; ++i) {
        const unsigned long long x = generator.next64();
        outputs[8 * row + 2 * i] = unsigned(x);
        outputs[8 * row + 2 * i + 1] = unsigned(x >> 32);
      }
    }
    measured[0] = on_hardware;
    return true;
  }
};

// ---- Question 5: an output of 32 bits, and the next one of 64.
class GeneratorHalves : public Vertex {
public:
  Input<Vector<unsigned>> states;
  // For each state three words: 32 bits, then the low and the high word of the next 64.
  Output<Vector<unsigned>> outputs;
  Output<Vector<unsigned>> measured;

  bool compute() {
    for (unsigned row = 0; 4 * row < states.size(); ++row) {
      Generator generator;
      const unsigned at = 4 * row;
      generator.set(states[at], states[at + 1], states[at + 2], states[at + 3]);
      outputs[3 * row] = generator.next32();
      const unsigned long long x = generator.next64();
      outputs[3 * row + 1] = unsigned(x);
      outputs[3 * row + 2] = unsigned(x >> 32);
    }
    measured[0] = on_hardware;
    return true;
  }
};

// ---- Question 6: from words to floats between -1/2 and 1/2.
class SymmetricFloats : public Vertex {
public:
  Input<Vector<unsigned>> words;
  Output<Vector<float>> floats;
  Output<Vector<unsigned>> measured;

  static float symmetric(unsigned word) {
#ifdef __IPU__
    float x;
    asm volatile("f32sufromui %0, %1" : "=r"(x) : "r"(from_bits(word)));
    return x;
#else
    // (2 word + 1) / 2^33 - 1/2: exact but for the last conversion.
    return float((2.0 * double(word) + 1.0) / 8589934592.0 - 0.5);
#endif
  }

  bool compute() {
    for (unsigned i = 0; i < floats.size(); ++i)
      floats[i] = symmetric(words[i]);
    measured[0] = on_hardware;
    return true;
  }
};

// ---- Question 7: normal floats.
class NormalFloats : public Vertex {
public:
  Input<Vector<unsigned>> states;
  // For each state a pair.
  Output<Vector<float>> pairs;
  // The low and the high word of the 64 bits that are drawn next.
  Output<Vector<unsigned>> next;
  Output<Vector<unsigned>> measured;

  bool compute() {
    for (unsigned row = 0; 4 * row < states.size(); ++row) {
      Generator generator;
      const unsigned at = 4 * row;
      generator.set(states[at], states[at + 1], states[at + 2], states[at + 3]);
#ifdef __IPU__
      const float2 pair = __builtin_ipu_f32v2grand();
      pairs[2 * row] = pair[0];
      pairs[2 * row + 1] = pair[1];
#else
      // Nothing is assumed.
      generator.next64();
      pairs[2 * row] = 0.0f;
      pairs[2 * row + 1] = 0.0f;
#endif
      const unsigned long long x = generator.next64();
      next[2 * row] = unsigned(x);
      next[2 * row + 1] = unsigned(x >> 32);
    }
    measured[0] = on_hardware;
    return true;
  }
};

// ---- Question 8: a product that is added to an accumulator.
class Accumulation : public Vertex {
public:
  // Four factors for each sum: a b + c d.
  Input<Vector<float>> factors;
  Output<Vector<float>> sums;
  Output<Vector<unsigned>> measured;

  static float accumulate(float a, float b, float c, float d) {
#ifdef __IPU__
    const float2 x = {a, a}, y = {b, b}, z = {c, c}, w = {d, d};
    float2 sum;
    asm volatile("setzi $a0, 0x8\n"
                 "uput $FP_CLR, $a0\n"
                 "f32v2mac %1, %2\n"
                 "f32v2mac %3, %4\n"
                 "f32v2gina %0, $azeros, 0\n"
                 : "=&r"(sum)
                 : "r"(x), "r"(y), "r"(z), "r"(w)
                 : "$a0");
    return sum[0];
#else
    // Each product and each sum is rounded.
    const float first = a * b;
    const float second = c * d;
    return first + second;
#endif
  }

  bool compute() {
    for (unsigned i = 0; i < sums.size(); ++i)
      sums[i] = accumulate(factors[4 * i], factors[4 * i + 1], factors[4 * i + 2], factors[4 * i + 3]);
    measured[0] = on_hardware;
    return true;
  }
};

// ---- Question 9: one over a square root, which compilers for the IPU make one instruction.
class InverseRoot : public Vertex {
public:
  Input<Vector<float>> x;
  Output<Vector<float>> inverses;
  Output<Vector<unsigned>> measured;

  bool compute() {
    for (unsigned i = 0; i < inverses.size(); ++i)
      inverses[i] = 1.0f / std::sqrt(x[i]);
    measured[0] = on_hardware;
    return true;
  }
};

// ---- Question 10: how floats are set up.
class FloatControl : public Vertex {
public:
  Output<Vector<unsigned>> control;
  Output<Vector<unsigned>> measured;

  bool compute() {
#ifdef __IPU__
    control[0] = __builtin_ipu_uget(2);
#else
    // To the nearest, no exceptions, nothing random.
    control[0] = 0;
#endif
    measured[0] = on_hardware;
    return true;
  }
};

// ---- Question 11: the clock, and nothing at all.
class Clock : public Vertex {
public:
  Output<Vector<unsigned>> turns;
  Output<Vector<unsigned>> measured;

  bool compute() {
#ifdef __IPU__
    turns[0] = __builtin_ipu_get_scount_l();
#else
    // There is none.
    turns[0] = 0;
#endif
    measured[0] = on_hardware;
    return true;
  }
};

class Nothing : public Vertex {
public:
  const unsigned unused;

  bool compute() { return true; }
};
