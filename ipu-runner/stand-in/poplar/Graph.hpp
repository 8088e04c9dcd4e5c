// Stand-in for Poplar: a graph that grows.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ArrayRef.hpp"
#include "CodeletFileType.hpp"
#include "DataStream.hpp"
#include "DebugContext.hpp"
#include "Device.hpp"
#include "Target.hpp"
#include "Tensor.hpp"

namespace poplar {

class ComputeSet {
  uint32_t number = 0;

public:
  ComputeSet() = default;
  explicit ComputeSet(uint32_t number) : number(number) {}
  uint32_t getId() const { return number; }
};

class VertexRef;

// A field of a vertex.
class FieldRef {
  uint32_t set, vertex;
  std::string name;

public:
  FieldRef(uint32_t set, uint32_t vertex, std::string name) : set(set), vertex(vertex), name(std::move(name)) {}
  uint32_t stand_in_set() const { return set; }
  uint32_t stand_in_vertex() const { return vertex; }
  const char *stand_in_name() const { return name.c_str(); }
};

class VertexRef {
  uint32_t set = 0, vertex = 0;

public:
  VertexRef() = default;
  VertexRef(uint32_t set, uint32_t vertex) : set(set), vertex(vertex) {}
  FieldRef operator[](StringRef field) const { return FieldRef(set, vertex, field); }
  uint32_t stand_in_set() const { return set; }
  uint32_t stand_in_vertex() const { return vertex; }
};

class Graph {
  struct Drop {
    void operator()(StandInGraph *graph) const { stand_in_drop_graph(graph); }
  };

  Target target;
  std::unique_ptr<StandInGraph, Drop> graph;
  // What the host calls variables.
  std::map<std::string, uint32_t> writes, reads, streams;

  DataStream stream(StringRef handle, const Type &type, std::size_t count, uint32_t to_host) {
    const std::string name = handle;
    uint32_t number = 0;
    if (streams.count(name))
      throw poplar_error("there are two streams " + name);
    stand_in_check(stand_in_add_stream(graph.get(), name.c_str(), type.stand_in_kind(), count, to_host, &number));
    streams.emplace(name, number);
    return DataStream(name, number, count, type);
  }

  static std::size_t elements(ArrayRef<std::size_t> shape) {
    std::size_t count = 1;
    for (std::size_t dim : shape)
      count *= dim;
    return count;
  }

  Tensor variable(Type type, ArrayRef<std::size_t> shape, uint32_t number) const {
    std::vector<StandInRange> all;
    if (elements(shape) > 0)
      all.push_back({0, elements(shape)});
    return Tensor(type, number, all, std::vector<std::size_t>(shape.begin(), shape.end()));
  }

  void expose(StringRef handle, const Tensor &tensor, std::map<std::string, uint32_t> &handles) {
    const auto &ranges = tensor.stand_in_ranges();
    if (ranges.size() != 1 || ranges[0].begin != 0)
      throw poplar_error("the stand-in for Poplar exposes whole variables only: " + handle.cloneAsString());
    if (!handles.emplace(handle, tensor.stand_in_variable()).second)
      throw poplar_error("there are two handles " + handle.cloneAsString());
    stand_in_check(stand_in_expose(graph.get(), tensor.stand_in_variable()));
  }

  void connect(const FieldRef &field, uint32_t form, ArrayRef<Tensor> tensors) {
    std::vector<StandInView> views;
    views.reserve(tensors.size());
    for (const Tensor &tensor : tensors)
      views.push_back(tensor.stand_in_view());
    stand_in_check(stand_in_connect(graph.get(), field.stand_in_set(), field.stand_in_vertex(), field.stand_in_name(),
                                    form, views.data(), views.size()));
  }

public:
  explicit Graph(const Target &target) : target(target) {
    StandInGraph *made = nullptr;
    const std::string &architecture = target.stand_in_architecture();
    stand_in_check(
        stand_in_make_graph(architecture.c_str(), target.getNumIPUs(), target.getTilesPerIPU(), &made));
    graph.reset(made);
  }
  explicit Graph(const Device &device) : Graph(device.getTarget()) {}

  const Target &getTarget() const { return target; }

  bool addCodelets(StringRef path, CodeletFileType = CodeletFileType::Auto, StringRef flags = "", StringRef = "") {
    stand_in_check(stand_in_add_codelets(graph.get(), path.cloneAsString().c_str(), flags.cloneAsString().c_str()));
    return true;
  }
  bool hasCodelet(StringRef name) const {
    return stand_in_has_codelet(graph.get(), name.cloneAsString().c_str()) != 0;
  }

  Tensor addVariable(const Type &type, ArrayRef<std::size_t> shape, const DebugContext &context = {}) {
    uint32_t number = 0;
    stand_in_check(stand_in_add_variable(graph.get(), type.stand_in_kind(), elements(shape),
                                         context.getPathName().c_str(), &number));
    return variable(type, shape, number);
  }

  template <typename T>
  Tensor addConstant(const Type &type, ArrayRef<std::size_t> shape, const T *values, const DebugContext &context = {}) {
    if (type != equivalent_device_type<T>().value)
      throw poplar_error("a constant of " + type.toString() + " from numbers of another type");
    uint32_t number = 0;
    static_assert(sizeof(T) == sizeof(uint32_t), "all elements have 32 bits");
    std::vector<uint32_t> bits(elements(shape));
    if (!bits.empty())
      std::memcpy(bits.data(), values, bits.size() * sizeof(T));
    stand_in_check(stand_in_add_constant(graph.get(), type.stand_in_kind(), bits.data(), bits.size(),
                                         context.getPathName().c_str(), &number));
    return variable(type, shape, number);
  }
  template <typename T>
  Tensor addConstant(const Type &type, ArrayRef<std::size_t> shape, ArrayRef<T> values, const DebugContext &context = {}) {
    if (values.size() != elements(shape))
      throw poplar_error("a constant of " + std::to_string(elements(shape)) + " elements from " +
                         std::to_string(values.size()));
    return addConstant<T>(type, shape, values.data(), context);
  }
  template <typename T>
  Tensor addConstant(const Type &type, ArrayRef<std::size_t> shape, T value, const DebugContext &context = {}) {
    return addConstant<T>(type, shape, std::vector<T>(elements(shape), value), context);
  }

  void setTileMapping(const Tensor &tensor, unsigned tile) {
    for (const auto &range : tensor.stand_in_ranges())
      stand_in_check(stand_in_map(graph.get(), tensor.stand_in_variable(), range.begin, range.end, tile));
  }
  void setTileMapping(const VertexRef &vertex, unsigned tile) {
    stand_in_check(stand_in_place(graph.get(), vertex.stand_in_set(), vertex.stand_in_vertex(), tile));
  }

  ComputeSet addComputeSet(const DebugContext &context = {}) {
    uint32_t number = 0;
    stand_in_check(stand_in_add_compute_set(graph.get(), context.getPathName().c_str(), &number));
    return ComputeSet(number);
  }

  VertexRef addVertex(ComputeSet set, StringRef type) {
    uint32_t vertex = 0;
    stand_in_check(stand_in_add_vertex(graph.get(), set.getId(), type.cloneAsString().c_str(), &vertex));
    return VertexRef(set.getId(), vertex);
  }

  void connect(const FieldRef &field, const Tensor &tensor) {
    const uint32_t form = tensor.rank() == 0 ? STAND_IN_SCALAR : STAND_IN_VECTOR;
    connect(field, form, ArrayRef<Tensor>(&tensor, 1));
  }
  void connect(const FieldRef &field, ArrayRef<Tensor> tensors) { connect(field, STAND_IN_LIST, tensors); }

  void setInitialValue(const FieldRef &field, unsigned value) {
    stand_in_check(stand_in_set_word(graph.get(), field.stand_in_set(), field.stand_in_vertex(), field.stand_in_name(),
                                     value));
  }

  void setPerfEstimate(const VertexRef &vertex, uint64_t cycles, uint64_t = 0) {
    stand_in_check(stand_in_estimate(graph.get(), vertex.stand_in_set(), vertex.stand_in_vertex(), cycles));
  }

  void createHostWrite(StringRef handle, const Tensor &tensor, bool = false) { expose(handle, tensor, writes); }
  void createHostRead(StringRef handle, const Tensor &tensor, bool = false) { expose(handle, tensor, reads); }

  DataStream addHostToDeviceFIFO(StringRef handle, const Type &type, std::size_t count) {
    return stream(handle, type, count, 0);
  }
  DataStream addDeviceToHostFIFO(StringRef handle, const Type &type, std::size_t count) {
    return stream(handle, type, count, 1);
  }

  StandInGraph *stand_in_graph() const { return graph.get(); }
  const std::map<std::string, uint32_t> &stand_in_writes() const { return writes; }
  const std::map<std::string, uint32_t> &stand_in_reads() const { return reads; }
  const std::map<std::string, uint32_t> &stand_in_streams() const { return streams; }
};

} // namespace poplar
