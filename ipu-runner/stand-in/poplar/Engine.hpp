// Stand-in for Poplar: a compiled graph. The tile machine is what runs it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "Device.hpp"
#include "Graph.hpp"
#include "OptionFlags.hpp"
#include "Program.hpp"

namespace poplar {

class Engine {
  struct Drop {
    void operator()(StandInEngine *engine) const { stand_in_drop_engine(engine); }
  };

  Target target;
  std::map<std::string, uint32_t> writes, reads, streams;
  std::unique_ptr<StandInEngine, Drop> engine;
  // What is on the device.
  std::shared_ptr<const void *> current;

  StandInEngine *loaded() const {
    if (!current || *current != engine.get())
      throw poplar_error("the engine is not loaded on a device, or another one was since");
    return engine.get();
  }

  static uint32_t find(const std::map<std::string, uint32_t> &handles, StringRef handle) {
    const auto found = handles.find(handle);
    if (found == handles.end())
      throw poplar_error("there is no handle " + handle.cloneAsString());
    return found->second;
  }

  static std::size_t bytes(const void *begin, const void *end) {
    return std::size_t(static_cast<const char *>(end) - static_cast<const char *>(begin));
  }

public:
  Engine(const Graph &graph, ArrayRef<program::Program> programs, const OptionFlags & = {})
      : target(graph.getTarget()), writes(graph.stand_in_writes()), reads(graph.stand_in_reads()),
        streams(graph.stand_in_streams()) {
    for (const program::Program &program : programs)
      program.stand_in_add_to(graph.stand_in_graph());
    StandInEngine *made = nullptr;
    stand_in_check(stand_in_compile(graph.stand_in_graph(), &made));
    engine.reset(made);
  }
  Engine(const Graph &graph, program::Program program, const OptionFlags &options = {})
      : Engine(graph, ArrayRef<program::Program>(&program, 1), options) {}

  void load(const Device &device) {
    if (!device.stand_in_attached())
      throw poplar_error("nobody attached to the device");
    if (device.getTarget() != target)
      throw poplar_error("the graph was made for another target than the device's");
    stand_in_check(stand_in_load(engine.get()));
    current = device.stand_in_engine();
    *current = engine.get();
  }

  void run(unsigned program = 0, const std::string & = "") { stand_in_check(stand_in_run(loaded(), program)); }

  void writeTensor(StringRef handle, const void *begin, const void *end) {
    stand_in_check(stand_in_write(loaded(), find(writes, handle), begin, bytes(begin, end)));
  }
  void readTensor(StringRef handle, void *begin, void *end) {
    stand_in_check(stand_in_read(loaded(), find(reads, handle), begin, bytes(begin, end)));
  }

  // Records from `begin` on, which programs go through in turns. They must stay where they are.
  void connectStream(StringRef handle, void *begin, void *end) {
    stand_in_check(stand_in_connect_stream(engine.get(), find(streams, handle), begin, bytes(begin, end)));
  }
};

} // namespace poplar
