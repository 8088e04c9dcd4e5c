// Stand-in for Poplar: what it throws.
#pragma once

#include <stdexcept>
#include <string>

#include "../stand_in.hpp"

// Which Poplar this is, for programs that tell their users.
#define POPLAR_STAND_IN 1

namespace poplar {

struct poplar_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A tile has too little memory.
struct graph_memory_allocation_error : poplar_error {
  using poplar_error::poplar_error;
};

// Codelets do not compile or link.
struct link_error : poplar_error {
  using poplar_error::poplar_error;
};

struct invalid_option : poplar_error {
  using poplar_error::poplar_error;
};

// Throws what a status says.
inline void stand_in_check(uint32_t status) {
  switch (status) {
  case STAND_IN_DONE:
    return;
  case STAND_IN_MEMORY:
    throw graph_memory_allocation_error(stand_in_message());
  case STAND_IN_LINK:
    throw link_error(stand_in_message());
  default:
    throw poplar_error(stand_in_message());
  }
}

} // namespace poplar
