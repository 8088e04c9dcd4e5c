// Graphs in files: README.md has the format.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "poplar_shim.hpp"
#include "reader.hpp"

// What a graph's file says besides the graph.
struct GraphFile {
  // Elements of each variable.
  std::vector<size_t> lengths;
  // Variables that a step finds as the last one left them, in the same order in all graphs; the first is the weights.
  std::vector<uint32_t> standing;
  // Variables that are written before each step.
  std::vector<uint32_t> inputs;
  // Loss and rank of each image, in turn: a variable, and where in it.
  uint32_t metrics = 0;
  size_t metrics_begin = 0, metrics_end = 0;
  // The graph's program.
  uint32_t program = 0;
};

// Throws what a status says.
inline void check(const ShimFunctions &poplar, uint32_t status) {
  if (status != SHIM_DONE)
    throw std::runtime_error(std::string(poplar.what) + ": " + poplar.message());
}

// Elements of a variable as nested ranges, expanded to ranges of neighbours.
class View {
  uint32_t variable;
  std::vector<ShimRange> ranges;

public:
  explicit View(Reader &file) : variable(file.number32()) {
    const size_t start = file.count();
    size_t count[3], stride[3];
    for (int i = 0; i < 3; ++i) {
      count[i] = file.count();
      stride[i] = file.count();
    }
    // The innermost range is one of neighbours, or else each of its elements is.
    const bool neighbours = stride[2] == 1;
    const size_t pieces = neighbours ? 1 : count[2], len = neighbours ? count[2] : 1;
    if (len == 0)
      return;
    for (size_t plane = 0; plane < count[0]; ++plane)
      for (size_t row = 0; row < count[1]; ++row)
        for (size_t i = 0; i < pieces; ++i) {
          const size_t at = start + plane * stride[0] + row * stride[1] + i * stride[2];
          ranges.push_back({at, at + len});
        }
  }

  ShimView get() const { return {variable, ranges.data(), ranges.size()}; }
};

// Builds a graph from a file.
inline GraphFile read_graph(const std::string &path, const ShimFunctions &poplar, ShimGraph *graph) {
  Reader file(path);
  GraphFile result;
  uint32_t vertices = 0;
  const auto done = [&](uint32_t status) {
    if (status != SHIM_DONE)
      file.fail(std::string(poplar.what) + ": " + poplar.message());
  };
  const auto variable = [&] {
    const uint32_t number = file.number32();
    if (number >= result.lengths.size())
      file.fail("there is no variable " + std::to_string(number));
    return number;
  };
  const auto list = [&] {
    std::vector<uint32_t> numbers(file.count());
    for (uint32_t &number : numbers)
      number = variable();
    return numbers;
  };
  const auto kind = [&] { return file.word() == "float" ? SHIM_FLOAT : SHIM_UNSIGNED; };
  file.expect("random-bases-graph");
  if (file.count() != 1)
    file.fail("another version of the format");
  for (;;) {
    const std::string what = file.next();
    if (what == "variable") {
      const uint32_t of = kind();
      result.lengths.push_back(file.count());
      done(poplar.add_variable(graph, of, result.lengths.back(), file.rest().c_str()));
    } else if (what == "constant") {
      const uint32_t of = kind();
      std::vector<uint32_t> bits(file.count());
      for (uint32_t &word : bits)
        word = file.number32(16);
      result.lengths.push_back(bits.size());
      done(poplar.add_constant(graph, of, bits.data(), bits.size(), file.rest().c_str()));
    } else if (what == "map") {
      const uint32_t of = variable();
      const size_t begin = file.count(), end = file.count();
      done(poplar.map(graph, of, begin, end, file.number32()));
    } else if (what == "expose") {
      done(poplar.expose(graph, variable()));
    } else if (what == "set") {
      done(poplar.add_compute_set(graph, file.rest().c_str()));
    } else if (what == "vertex") {
      const uint32_t set = file.number32(), tile = file.number32();
      const uint64_t cycles = file.count();
      done(poplar.add_vertex(graph, set, file.word().c_str(), tile, cycles));
      ++vertices;
    } else if (what == "scalar" || what == "vector" || what == "list" || what == "word") {
      const std::string field = file.word();
      if (what == "word") {
        done(poplar.set_word(graph, vertices - 1, field.c_str(), file.number32()));
        continue;
      }
      const size_t count = what == "list" ? file.count() : 1;
      std::vector<View> views;
      std::vector<ShimView> pieces;
      for (size_t i = 0; i < count; ++i)
        views.emplace_back(file);
      for (const View &view : views)
        pieces.push_back(view.get());
      if (what == "scalar")
        done(poplar.connect_scalar(graph, vertices - 1, field.c_str(), pieces.data()));
      else if (what == "vector")
        done(poplar.connect(graph, vertices - 1, field.c_str(), pieces.data()));
      else
        done(poplar.connect_list(graph, vertices - 1, field.c_str(), pieces.data(), count));
    } else if (what == "execute") {
      done(poplar.execute(graph, file.number32()));
    } else if (what == "copy") {
      const View from(file), to(file);
      const ShimView a = from.get(), b = to.get();
      done(poplar.copy(graph, &a, &b));
    } else if (what == "sequence") {
      std::vector<uint32_t> programs(file.count());
      for (uint32_t &program : programs)
        program = file.number32();
      done(poplar.sequence(graph, programs.data(), programs.size()));
    } else if (what == "repeat") {
      const uint32_t times = file.number32();
      done(poplar.repeat(graph, times, file.number32()));
    } else if (what == "program") {
      result.program = file.number32();
    } else if (what == "standing") {
      result.standing = list();
    } else if (what == "inputs") {
      result.inputs = list();
    } else if (what == "metrics") {
      result.metrics = variable();
      result.metrics_begin = file.count();
      result.metrics_end = file.count();
      if (result.metrics_begin > result.metrics_end || result.metrics_end > result.lengths[result.metrics])
        file.fail("metrics beyond the end");
    } else if (what == "end") {
      if (result.standing.empty())
        file.fail("there are no weights");
      return result;
    } else {
      file.fail("\"" + what + "\" is unknown");
    }
  }
}
