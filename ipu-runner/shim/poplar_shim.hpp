// Poplar's host API, as far as random-bases needs it, behind a C interface: a table of functions.
//
// Poplar has no C interface, and its exceptions must not leave C++. So each function returns a status; what went wrong is in words in `message`.
// Things in a graph are known by numbers, counted from 0 in the order in which they were added.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Statuses.
enum : uint32_t {
  SHIM_DONE = 0,
  // Poplar refuses, or fails.
  SHIM_POPLAR = 1,
  // A tile has too little memory.
  SHIM_MEMORY = 2,
  // Codelets cannot be linked.
  SHIM_LINK = 3,
  // There is no such device, or none is free.
  SHIM_DEVICE = 4,
  // The caller names something that does not exist.
  SHIM_CALLER = 5,
};

// Kinds of elements.
enum : uint32_t { SHIM_FLOAT = 0, SHIM_UNSIGNED = 1 };

struct ShimDevice;
struct ShimGraph;
struct ShimEngine;

// Where the records of a stream go.
enum : uint32_t { SHIM_FROM_HOST = 0, SHIM_TO_HOST = 1 };

// A device's size.
struct ShimTarget {
  uint32_t ipus;
  uint32_t tiles_per_ipu;
  uint64_t bytes_per_tile;
  // In Hz.
  double clock;
  // Ends with 0; empty if the device does not say.
  char architecture[16];
};

// Neighbouring elements.
struct ShimRange {
  size_t begin, end;
};

// Elements of a variable: ranges, side by side.
struct ShimView {
  uint32_t variable;
  const ShimRange *ranges;
  size_t count;
};

struct ShimFunctions {
  // Of this table: caller and shim must mean the same one.
  size_t size;
  // "Poplar", or what stands in for it.
  const char *what;
  // What the last function that failed on this thread said.
  const char *(*message)();

  // Attaches to the first device of so many IPUs that is free.
  uint32_t (*open_ipu)(uint32_t ipus, ShimDevice **device);
  // Poplar's own emulator.
  uint32_t (*open_ipu_model)(const char *architecture, uint32_t ipus, uint32_t tiles_per_ipu, ShimDevice **device);
  uint32_t (*target)(const ShimDevice *device, ShimTarget *target);
  void (*close)(ShimDevice *device);

  uint32_t (*make_graph)(const ShimDevice *device, ShimGraph **graph);
  void (*drop_graph)(ShimGraph *graph);
  // A file made by popc.
  uint32_t (*add_codelets)(ShimGraph *graph, const char *path);
  uint32_t (*add_variable)(ShimGraph *graph, uint32_t kind, size_t len, const char *name);
  // `bits`: as many as elements.
  uint32_t (*add_constant)(ShimGraph *graph, uint32_t kind, const uint32_t *bits, size_t len, const char *name);
  uint32_t (*map)(ShimGraph *graph, uint32_t variable, size_t begin, size_t end, uint32_t tile);
  // Lets the host read and write a variable.
  uint32_t (*expose)(ShimGraph *graph, uint32_t variable);
  // `len`: elements of a record.
  uint32_t (*add_stream)(ShimGraph *graph, uint32_t kind, size_t len, uint32_t direction);
  uint32_t (*add_compute_set)(ShimGraph *graph, const char *name);
  // `cycles`: what a worker needs, for the emulator's profile.
  uint32_t (*add_vertex)(ShimGraph *graph, uint32_t set, const char *codelet, uint32_t tile, uint64_t cycles);
  // A field that is a vector.
  uint32_t (*connect)(ShimGraph *graph, uint32_t vertex, const char *field, const ShimView *view);
  // A field that is one element: that of a view.
  uint32_t (*connect_scalar)(ShimGraph *graph, uint32_t vertex, const char *field, const ShimView *view);
  // A field that is a list of vectors.
  uint32_t (*connect_list)(ShimGraph *graph, uint32_t vertex, const char *field, const ShimView *views, size_t count);
  // A field that is a number.
  uint32_t (*set_word)(ShimGraph *graph, uint32_t vertex, const char *field, uint32_t value);
  uint32_t (*execute)(ShimGraph *graph, uint32_t set);
  uint32_t (*copy)(ShimGraph *graph, const ShimView *from, const ShimView *to);
  // A record of a stream, to or from a view.
  uint32_t (*copy_record)(ShimGraph *graph, uint32_t stream, const ShimView *view);
  uint32_t (*sequence)(ShimGraph *graph, const uint32_t *programs, size_t count);
  uint32_t (*repeat)(ShimGraph *graph, uint32_t times, uint32_t program);

  // Compiles a graph with these of its programs. The graph is not needed afterwards.
  uint32_t (*compile)(ShimGraph *graph, const uint32_t *programs, size_t count, ShimEngine **engine);
  uint32_t (*load)(ShimEngine *engine, const ShimDevice *device);
  // By its place among those that were compiled.
  uint32_t (*run)(ShimEngine *engine, uint32_t program);
  // All of a variable.
  uint32_t (*write)(ShimEngine *engine, uint32_t variable, const uint32_t *bits, size_t len);
  uint32_t (*read)(ShimEngine *engine, uint32_t variable, uint32_t *bits, size_t len);
  // Gives a stream its records, which programs go through in turns; they must stay where they are.
  uint32_t (*connect_stream)(ShimEngine *engine, uint32_t stream, uint32_t *bits, size_t len);
  void (*drop_engine)(ShimEngine *engine);
};

extern "C" const ShimFunctions *poplar_shim();
