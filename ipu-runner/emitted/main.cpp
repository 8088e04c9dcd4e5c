// Recorded training steps on an IPU, compared with what a CPU computed.
//
//   train ipu          the first free IPUs
//   train ipu-model    Poplar's emulator
//
// Exit codes: 0 the same bits; 1 other bits; 2 it did not run.

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "digest.hpp"
#include "graph_file.hpp"
#include "poplar_shim.hpp"
#include "reader.hpp"

namespace {

const ShimFunctions &poplar = *poplar_shim();

struct Drop {
  void operator()(ShimDevice *device) const { poplar.close(device); }
  void operator()(ShimGraph *graph) const { poplar.drop_graph(graph); }
  void operator()(ShimEngine *engine) const { poplar.drop_engine(engine); }
};
using Device = std::unique_ptr<ShimDevice, Drop>;

// Words of 32 bits, little-endian, one after the other.
class Words {
  std::string path;
  std::ifstream file;

public:
  explicit Words(const std::string &path) : path(path), file(path, std::ios::binary) {}

  std::vector<uint32_t> take(size_t count) {
    std::vector<unsigned char> bytes(4 * count);
    if (!file.read(reinterpret_cast<char *>(bytes.data()), std::streamsize(bytes.size())))
      throw std::runtime_error(path + ": is missing, or ends too early");
    std::vector<uint32_t> words(count);
    for (size_t i = 0; i < count; ++i)
      words[i] = uint32_t(xxh64::word(&bytes[4 * i], 4));
    return words;
  }
};

// A graph on the device.
struct Loaded {
  GraphFile file;
  std::unique_ptr<ShimEngine, Drop> engine;

  Loaded(const std::string &path, const Device &device) {
    ShimGraph *made = nullptr;
    check(poplar, poplar.make_graph(device.get(), &made));
    const std::unique_ptr<ShimGraph, Drop> graph(made);
    check(poplar, poplar.add_codelets(graph.get(), "codelets.gp"));
    file = read_graph(path, poplar, graph.get());
    ShimEngine *compiled = nullptr;
    check(poplar, poplar.compile(graph.get(), &file.program, 1, &compiled));
    engine.reset(compiled);
    check(poplar, poplar.load(engine.get(), device.get()));
  }

  void write(uint32_t variable, const std::vector<uint32_t> &bits) const {
    check(poplar, poplar.write(engine.get(), variable, bits.data(), bits.size()));
  }

  std::vector<uint32_t> read(uint32_t variable) const {
    std::vector<uint32_t> bits(file.lengths[variable]);
    check(poplar, poplar.read(engine.get(), variable, bits.data(), bits.size()));
    return bits;
  }

  std::vector<std::vector<uint32_t>> read_standing() const {
    std::vector<std::vector<uint32_t>> all;
    for (uint32_t variable : file.standing)
      all.push_back(read(variable));
    return all;
  }
};

Device open(const std::string &kind, Reader &run) {
  run.expect("target");
  const std::string architecture = run.word();
  const uint32_t ipus = run.number32(), tiles = run.number32();
  ShimDevice *opened = nullptr;
  check(poplar, kind == "ipu" ? poplar.open_ipu(ipus, &opened)
                              : poplar.open_ipu_model(architecture.c_str(), ipus, tiles, &opened));
  Device device(opened);
  ShimTarget target{};
  check(poplar, poplar.target(opened, &target));
  std::printf("%s: %u x %u tiles of %s, %.2f GHz\n", poplar.what, target.ipus, target.tiles_per_ipu,
              *target.architecture ? target.architecture : architecture.c_str(), target.clock / 1e9);
  const bool other = *target.architecture && target.architecture != architecture;
  if (other || target.ipus != ipus || target.tiles_per_ipu < tiles)
    throw std::runtime_error("the steps were recorded for " + std::to_string(ipus) + " x " + std::to_string(tiles) +
                             " tiles of " + architecture + "; record them for this machine");
  return device;
}

float as_float(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, 4);
  return x;
}

uint32_t as_bits(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  return bits;
}

// The mean of the images' losses, added in order.
float mean_loss(const std::vector<uint32_t> &metrics, size_t begin, size_t end) {
  float sum = 0.0f;
  for (size_t i = begin; i < end; i += 2)
    sum = sum + as_float(metrics[i]);
  return sum * (1.0f / float(int((end - begin) / 2)));
}

uint64_t digest_of(const std::vector<uint32_t> &words) {
  std::vector<unsigned char> bytes;
  bytes.reserve(4 * words.size());
  for (uint32_t word : words)
    for (unsigned i = 0; i < 4; ++i)
      bytes.push_back((unsigned char)(word >> (8 * i)));
  return xxh64::digest(bytes.data(), bytes.size());
}

// Whether all steps had the CPU's bits.
bool train(const std::string &kind) {
  Reader run("run.txt");
  run.expect("random-bases-run");
  if (run.count() != 1)
    run.fail("another version of the format");
  const Device device = open(kind, run);
  run.expect("steps");
  const uint64_t steps = run.count();
  Words words("run.bin");

  std::unique_ptr<Loaded> loaded;
  uint64_t program = 0, digest = 0, differing = 0;
  for (uint64_t step = 0; step < steps; ++step) {
    run.expect("step");
    const uint64_t wanted = run.count();
    if (!loaded || program != wanted) {
      // The first graph, or another that goes on with what the last one left.
      const auto left = loaded ? loaded->read_standing() : std::vector<std::vector<uint32_t>>();
      loaded.reset();
      loaded.reset(new Loaded("graph-" + std::to_string(wanted) + ".txt", device));
      program = wanted;
      const auto &standing = loaded->file.standing;
      for (size_t i = 0; i < standing.size(); ++i)
        loaded->write(standing[i], step == 0 ? words.take(loaded->file.lengths[standing[i]]) : left.at(i));
    }
    for (uint32_t input : loaded->file.inputs)
      loaded->write(input, words.take(loaded->file.lengths[input]));
    check(poplar, poplar.run(loaded->engine.get(), 0));
    const GraphFile &file = loaded->file;
    const float loss = mean_loss(loaded->read(file.metrics), file.metrics_begin, file.metrics_end);
    digest = digest_of(loaded->read(file.standing[0]));
    const uint32_t cpu_loss = run.number32(16);
    const uint64_t cpu_digest = run.count(16);
    const bool equal = as_bits(loss) == cpu_loss && digest == cpu_digest;
    differing += !equal;
    std::printf("step %llu: loss %.6f, weights %016llx: %s\n", (unsigned long long)step, double(loss),
                (unsigned long long)digest, equal ? "equal" : "DIFFERENT");
    if (!equal && differing == 1)
      std::printf("        the CPU: loss %.6f, weights %016llx\n", double(as_float(cpu_loss)),
                  (unsigned long long)cpu_digest);
    std::fflush(stdout);
  }
  run.expect("end");
  std::printf("%llu steps, weights %016llx: ", (unsigned long long)steps, (unsigned long long)digest);
  if (differing == 0)
    std::printf("equal to the CPU's, bit for bit\n");
  else
    std::printf("%llu steps differ from the CPU's\n", (unsigned long long)differing);
  return differing == 0;
}

} // namespace

int main(int argc, char **argv) {
  const std::string kind = argc == 2 ? argv[1] : "";
  if (kind != "ipu" && kind != "ipu-model") {
    std::fprintf(stderr, "usage: %s ipu | ipu-model\n", argv[0]);
    return 2;
  }
  try {
    return train(kind) ? 0 : 1;
  } catch (const std::exception &error) {
    std::fflush(stdout);
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 2;
  }
}
