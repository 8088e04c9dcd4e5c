// The stand-in for Poplar's host API: what its headers call. ipu-runner's library has these functions (`src/stand_in`); its tile machine is the
// engine behind them.
//
// A status of 0 means that it worked; else `stand_in_message` says what did not.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum : uint32_t {
  STAND_IN_DONE = 0,
  STAND_IN_POPLAR = 1,
  STAND_IN_MEMORY = 2,
  STAND_IN_LINK = 3,
};

// What an edge or a view connects: a scalar, a vector, or a list of vectors.
enum : uint32_t { STAND_IN_SCALAR = 0, STAND_IN_VECTOR = 1, STAND_IN_LIST = 2 };

enum : uint32_t { STAND_IN_FLOAT = 0, STAND_IN_UNSIGNED = 1 };

struct StandInGraph;
struct StandInEngine;

struct StandInTarget {
  uint32_t ipus;
  uint32_t tiles_per_ipu;
  uint64_t bytes_per_tile;
  double clock;
};

struct StandInRange {
  size_t begin, end;
};

struct StandInView {
  uint32_t variable;
  const StandInRange *ranges;
  size_t count;
};

extern "C" {
const char *stand_in_message();
// `tiles_per_ipu`: 0 for all that the architecture has.
uint32_t stand_in_target(const char *architecture, uint32_t ipus, uint32_t tiles_per_ipu, StandInTarget *target);

uint32_t stand_in_make_graph(const char *architecture, uint32_t ipus, uint32_t tiles_per_ipu, StandInGraph **graph);
void stand_in_drop_graph(StandInGraph *graph);
// `flags`: of `.cpp` files; a file of `popc` has its own.
uint32_t stand_in_add_codelets(StandInGraph *graph, const char *path, const char *flags);
uint32_t stand_in_has_codelet(const StandInGraph *graph, const char *name);
uint32_t stand_in_add_variable(StandInGraph *graph, uint32_t kind, size_t len, const char *name, uint32_t *variable);
uint32_t stand_in_add_constant(StandInGraph *graph, uint32_t kind, const uint32_t *bits, size_t len, const char *name,
                               uint32_t *variable);
uint32_t stand_in_map(StandInGraph *graph, uint32_t variable, size_t begin, size_t end, uint32_t tile);
uint32_t stand_in_expose(StandInGraph *graph, uint32_t variable);
// `to_host`: 1 or 0.
uint32_t stand_in_add_stream(StandInGraph *graph, const char *name, uint32_t kind, size_t len, uint32_t to_host,
                             uint32_t *stream);
uint32_t stand_in_add_compute_set(StandInGraph *graph, const char *name, uint32_t *set);
uint32_t stand_in_add_vertex(StandInGraph *graph, uint32_t set, const char *codelet, uint32_t *vertex);
uint32_t stand_in_place(StandInGraph *graph, uint32_t set, uint32_t vertex, uint32_t tile);
uint32_t stand_in_estimate(StandInGraph *graph, uint32_t set, uint32_t vertex, uint64_t cycles);
uint32_t stand_in_connect(StandInGraph *graph, uint32_t set, uint32_t vertex, const char *field, uint32_t form,
                          const StandInView *views, size_t count);
uint32_t stand_in_set_word(StandInGraph *graph, uint32_t set, uint32_t vertex, const char *field, uint32_t value);

// Programs are put together from behind: each function takes what it is made of from the end of a list, and adds itself there.
uint32_t stand_in_execute(StandInGraph *graph, uint32_t set);
uint32_t stand_in_copy(StandInGraph *graph, const StandInView *from, const StandInView *to);
uint32_t stand_in_from_host(StandInGraph *graph, uint32_t stream, const StandInView *to);
uint32_t stand_in_to_host(StandInGraph *graph, const StandInView *from, uint32_t stream);
uint32_t stand_in_sequence(StandInGraph *graph, size_t count);
uint32_t stand_in_repeat(StandInGraph *graph, uint32_t times);

// Takes all programs on that list.
uint32_t stand_in_compile(StandInGraph *graph, StandInEngine **engine);
uint32_t stand_in_load(StandInEngine *engine);
uint32_t stand_in_run(StandInEngine *engine, uint32_t program);
uint32_t stand_in_write(StandInEngine *engine, uint32_t variable, const void *from, size_t bytes);
uint32_t stand_in_read(StandInEngine *engine, uint32_t variable, void *to, size_t bytes);
// What a stream from the host has is read now, or when the engine is loaded; what one to the host has is written after each run.
uint32_t stand_in_connect_stream(StandInEngine *engine, uint32_t stream, void *records, size_t bytes);
void stand_in_drop_engine(StandInEngine *engine);
}
