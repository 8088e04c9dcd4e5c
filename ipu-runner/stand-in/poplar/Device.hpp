// Stand-in for Poplar: a device. Whoever uses one has to attach to it.
#pragma once

#include <memory>

#include "Target.hpp"

namespace poplar {

class Device {
  struct State {
    unsigned id;
    Target target;
    // Somebody else has it.
    bool busy;
    bool attached;
    // The engine that was loaded last.
    const void *engine = nullptr;
  };
  std::shared_ptr<State> state;

public:
  Device() = default;
  Device(const Device &) = delete;
  Device(Device &&) = default;
  Device &operator=(Device &&) = default;

  static Device stand_in(unsigned id, Target target, bool busy, bool attached) {
    Device device;
    device.state = std::make_shared<State>(State{id, std::move(target), busy, attached, nullptr});
    return device;
  }

  unsigned getId() const { return state->id; }
  const Target &getTarget() const { return state->target; }
  bool attach() const {
    if (state->busy)
      return false;
    return state->attached = true;
  }
  void detach() const { state->attached = false; }

  // Engine and device live apart; both know whose turn it is.
  bool stand_in_attached() const { return state && state->attached; }
  std::shared_ptr<const void *> stand_in_engine() const { return {state, &state->engine}; }
};

} // namespace poplar
