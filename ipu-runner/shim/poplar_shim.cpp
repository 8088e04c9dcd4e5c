#include "poplar_shim.hpp"

#include <poplar/DataStream.hpp>
#include <poplar/DeviceManager.hpp>
#include <poplar/Engine.hpp>
#include <poplar/Graph.hpp>
#include <poplar/IPUModel.hpp>
#include <poplar/Program.hpp>
#include <poplar/exceptions.hpp>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using poplar::Tensor;
using poplar::program::Program;

struct ShimDevice {
  poplar::Device device;
};

// A stream, and where its records go.
struct ShimStream {
  poplar::DataStream stream;
  uint32_t direction;
};

struct ShimGraph {
  poplar::Graph graph;
  std::vector<Tensor> variables;
  std::vector<ShimStream> streams;
  std::vector<poplar::ComputeSet> sets;
  std::vector<poplar::VertexRef> vertices;
  std::vector<Program> programs;
};

struct ShimEngine {
  poplar::Engine engine;
};

namespace {

thread_local std::string last_message;

// There is no device, or none is free.
struct NoDevice : std::runtime_error {
  using std::runtime_error::runtime_error;
};

uint32_t failed(uint32_t status, const char *message) noexcept {
  try {
    last_message = message;
  } catch (...) {
    // No memory for words: the status alone must do.
  }
  return status;
}

// Does something; whatever it throws becomes a status and a message.
template <typename Body>
uint32_t guarded(Body body) noexcept {
  try {
    body();
    return SHIM_DONE;
  } catch (const NoDevice &error) {
    return failed(SHIM_DEVICE, error.what());
  } catch (const poplar::graph_memory_allocation_error &error) {
    return failed(SHIM_MEMORY, error.what());
  } catch (const poplar::link_error &error) {
    return failed(SHIM_LINK, error.what());
  } catch (const poplar::poplar_error &error) {
    return failed(SHIM_POPLAR, error.what());
  } catch (const std::out_of_range &error) {
    return failed(SHIM_CALLER, error.what());
  } catch (const std::exception &error) {
    return failed(SHIM_POPLAR, error.what());
  } catch (...) {
    return failed(SHIM_POPLAR, "Poplar threw something that is no exception");
  }
}

const char *message() { return last_message.c_str(); }

// One of a list, by its number.
template <typename T>
T &nth(std::vector<T> &list, size_t index, const char *what) {
  if (index >= list.size())
    throw std::out_of_range("there is no " + std::string(what) + " " + std::to_string(index));
  return list[index];
}

poplar::Type type(uint32_t kind) { return kind == SHIM_FLOAT ? poplar::FLOAT : poplar::UNSIGNED_INT; }

Tensor tensor(ShimGraph *graph, const ShimView &view) {
  const Tensor &variable = nth(graph->variables, view.variable, "variable");
  if (view.count == 0)
    return variable.slice(0, 0);
  if (view.count == 1)
    return variable.slice(view.ranges[0].begin, view.ranges[0].end);
  std::vector<Tensor> pieces;
  pieces.reserve(view.count);
  for (size_t i = 0; i < view.count; ++i)
    pieces.push_back(variable.slice(view.ranges[i].begin, view.ranges[i].end));
  return poplar::concat(pieces);
}

// What the host calls a variable when it writes, reads.
std::string written(uint32_t variable) { return "write-" + std::to_string(variable); }
std::string read_of(uint32_t variable) { return "read-" + std::to_string(variable); }
std::string streamed(size_t stream) { return "stream-" + std::to_string(stream); }

uint32_t open_ipu(uint32_t ipus, ShimDevice **device) {
  return guarded([&] {
    auto manager = poplar::DeviceManager::createDeviceManager();
    auto devices = manager.getDevices(poplar::TargetType::IPU, ipus);
    const std::string wanted = std::to_string(ipus) + (ipus == 1 ? " IPU" : " IPUs");
    if (devices.empty())
      throw NoDevice("there is no device of " + wanted);
    for (auto &candidate : devices) {
      // Somebody else may have it.
      if (candidate.attach()) {
        *device = new ShimDevice{std::move(candidate)};
        return;
      }
    }
    throw NoDevice("all " + std::to_string(devices.size()) + " devices of " + wanted + " are busy");
  });
}

uint32_t open_ipu_model(const char *architecture, uint32_t ipus, uint32_t tiles_per_ipu, ShimDevice **device) {
  return guarded([&] {
    poplar::IPUModel model(architecture);
    model.numIPUs = ipus;
    model.tilesPerIPU = tiles_per_ipu;
    *device = new ShimDevice{model.createDevice()};
  });
}

uint32_t target(const ShimDevice *device, ShimTarget *target) {
  return guarded([&] {
    const poplar::Target &from = device->device.getTarget();
    target->ipus = from.getNumIPUs();
    target->tiles_per_ipu = from.getTilesPerIPU();
    target->bytes_per_tile = from.getBytesPerTile();
    target->clock = double(from.getTileClockFrequency());
    target->architecture[0] = 0;
    try {
      const auto architecture = from.getTargetArchString();
      const size_t len = std::min(architecture.size(), sizeof target->architecture - 1);
      std::copy_n(architecture.begin(), len, target->architecture);
      target->architecture[len] = 0;
    } catch (const poplar::poplar_error &) {
      // Some devices have none.
    }
  });
}

void close(ShimDevice *device) {
  guarded([&] { device->device.detach(); });
  guarded([&] { delete device; });
}

uint32_t make_graph(const ShimDevice *device, ShimGraph **graph) {
  return guarded([&] { *graph = new ShimGraph{poplar::Graph(device->device.getTarget()), {}, {}, {}, {}, {}}; });
}

void drop_graph(ShimGraph *graph) {
  guarded([&] { delete graph; });
}

uint32_t add_codelets(ShimGraph *graph, const char *path) {
  return guarded([&] { graph->graph.addCodelets(path); });
}

uint32_t add_variable(ShimGraph *graph, uint32_t kind, size_t len, const char *name) {
  return guarded([&] { graph->variables.push_back(graph->graph.addVariable(type(kind), {len}, name)); });
}

uint32_t add_constant(ShimGraph *graph, uint32_t kind, const uint32_t *bits, size_t len, const char *name) {
  return guarded([&] {
    if (kind == SHIM_FLOAT) {
      std::vector<float> values(len);
      // Copied as they are: no value is converted.
      std::copy_n(reinterpret_cast<const char *>(bits), 4 * len, reinterpret_cast<char *>(values.data()));
      graph->variables.push_back(graph->graph.addConstant<float>(poplar::FLOAT, {len}, values, name));
    } else {
      const std::vector<unsigned> values(bits, bits + len);
      graph->variables.push_back(graph->graph.addConstant<unsigned>(poplar::UNSIGNED_INT, {len}, values, name));
    }
  });
}

uint32_t map(ShimGraph *graph, uint32_t variable, size_t begin, size_t end, uint32_t tile) {
  return guarded([&] {
    graph->graph.setTileMapping(nth(graph->variables, variable, "variable").slice(begin, end), tile);
  });
}

uint32_t expose(ShimGraph *graph, uint32_t variable) {
  return guarded([&] {
    const Tensor &exposed = nth(graph->variables, variable, "variable");
    graph->graph.createHostWrite(written(variable), exposed);
    graph->graph.createHostRead(read_of(variable), exposed);
  });
}

uint32_t add_stream(ShimGraph *graph, uint32_t kind, size_t len, uint32_t direction) {
  return guarded([&] {
    const std::string handle = streamed(graph->streams.size());
    graph->streams.push_back({direction == SHIM_FROM_HOST ? graph->graph.addHostToDeviceFIFO(handle, type(kind), len)
                                                          : graph->graph.addDeviceToHostFIFO(handle, type(kind), len),
                              direction});
  });
}

uint32_t add_compute_set(ShimGraph *graph, const char *name) {
  return guarded([&] { graph->sets.push_back(graph->graph.addComputeSet(name)); });
}

uint32_t add_vertex(ShimGraph *graph, uint32_t set, const char *codelet, uint32_t tile, uint64_t cycles) {
  return guarded([&] {
    const poplar::VertexRef vertex = graph->graph.addVertex(nth(graph->sets, set, "compute set"), codelet);
    graph->graph.setTileMapping(vertex, tile);
    graph->graph.setPerfEstimate(vertex, cycles);
    graph->vertices.push_back(vertex);
  });
}

uint32_t connect(ShimGraph *graph, uint32_t vertex, const char *field, const ShimView *view) {
  return guarded([&] {
    graph->graph.connect(nth(graph->vertices, vertex, "vertex")[field], tensor(graph, *view));
  });
}

uint32_t connect_scalar(ShimGraph *graph, uint32_t vertex, const char *field, const ShimView *view) {
  return guarded([&] {
    graph->graph.connect(nth(graph->vertices, vertex, "vertex")[field], tensor(graph, *view).reshape({}));
  });
}

uint32_t connect_list(ShimGraph *graph, uint32_t vertex, const char *field, const ShimView *views, size_t count) {
  return guarded([&] {
    std::vector<Tensor> pieces;
    pieces.reserve(count);
    for (size_t i = 0; i < count; ++i)
      pieces.push_back(tensor(graph, views[i]));
    graph->graph.connect(nth(graph->vertices, vertex, "vertex")[field], pieces);
  });
}

uint32_t set_word(ShimGraph *graph, uint32_t vertex, const char *field, uint32_t value) {
  return guarded([&] {
    graph->graph.setInitialValue(nth(graph->vertices, vertex, "vertex")[field], unsigned(value));
  });
}

uint32_t execute(ShimGraph *graph, uint32_t set) {
  return guarded([&] {
    graph->programs.push_back(poplar::program::Execute(nth(graph->sets, set, "compute set")));
  });
}

uint32_t copy(ShimGraph *graph, const ShimView *from, const ShimView *to) {
  return guarded([&] {
    graph->programs.push_back(poplar::program::Copy(tensor(graph, *from), tensor(graph, *to)));
  });
}

uint32_t copy_record(ShimGraph *graph, uint32_t stream, const ShimView *view) {
  return guarded([&] {
    const ShimStream &end = nth(graph->streams, stream, "stream");
    const Tensor elements = tensor(graph, *view);
    graph->programs.push_back(end.direction == SHIM_FROM_HOST ? poplar::program::Copy(end.stream, elements)
                                                              : poplar::program::Copy(elements, end.stream));
  });
}

uint32_t sequence(ShimGraph *graph, const uint32_t *programs, size_t count) {
  return guarded([&] {
    poplar::program::Sequence all;
    for (size_t i = 0; i < count; ++i)
      all.add(nth(graph->programs, programs[i], "program"));
    graph->programs.push_back(all);
  });
}

uint32_t repeat(ShimGraph *graph, uint32_t times, uint32_t program) {
  return guarded([&] {
    graph->programs.push_back(poplar::program::Repeat(times, nth(graph->programs, program, "program")));
  });
}

uint32_t compile(ShimGraph *graph, const uint32_t *programs, size_t count, ShimEngine **engine) {
  return guarded([&] {
    std::vector<Program> all;
    for (size_t i = 0; i < count; ++i)
      all.push_back(nth(graph->programs, programs[i], "program"));
    *engine = new ShimEngine{poplar::Engine(graph->graph, all)};
  });
}

uint32_t load(ShimEngine *engine, const ShimDevice *device) {
  return guarded([&] { engine->engine.load(device->device); });
}

uint32_t run(ShimEngine *engine, uint32_t program) {
  return guarded([&] { engine->engine.run(program); });
}

uint32_t write(ShimEngine *engine, uint32_t variable, const uint32_t *bits, size_t len) {
  return guarded([&] { engine->engine.writeTensor(written(variable), bits, bits + len); });
}

uint32_t read(ShimEngine *engine, uint32_t variable, uint32_t *bits, size_t len) {
  return guarded([&] { engine->engine.readTensor(read_of(variable), bits, bits + len); });
}

uint32_t connect_stream(ShimEngine *engine, uint32_t stream, uint32_t *bits, size_t len) {
  return guarded([&] { engine->engine.connectStream(streamed(stream), bits, bits + len); });
}

void drop_engine(ShimEngine *engine) {
  guarded([&] { delete engine; });
}

#ifdef POPLAR_STAND_IN
constexpr const char *WHAT = "the stand-in for Poplar";
#else
constexpr const char *WHAT = "Poplar";
#endif

const ShimFunctions FUNCTIONS = {
    sizeof(ShimFunctions),
    WHAT,
    message,
    open_ipu,
    open_ipu_model,
    target,
    close,
    make_graph,
    drop_graph,
    add_codelets,
    add_variable,
    add_constant,
    map,
    expose,
    add_stream,
    add_compute_set,
    add_vertex,
    connect,
    connect_scalar,
    connect_list,
    set_word,
    execute,
    copy,
    copy_record,
    sequence,
    repeat,
    compile,
    load,
    run,
    write,
    read,
    connect_stream,
    drop_engine,
};

} // namespace

extern "C" const ShimFunctions *poplar_shim() { return &FUNCTIONS; }
