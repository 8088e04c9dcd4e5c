// Stand-in for Poplar: its emulator.
#pragma once

#include <string>

#include "Device.hpp"
#include "OptionFlags.hpp"

namespace poplar {

struct IPUModel {
  std::string architecture;
  unsigned numIPUs = 1;
  // 0: all.
  unsigned tilesPerIPU = 0;
  bool compileIPUCode = false;

  IPUModel() : IPUModel("ipu2") {}
  explicit IPUModel(StringRef architecture) : architecture(architecture) {}

  Device createDevice(const OptionFlags & = {}) const {
    return Device::stand_in(0, Target::stand_in_model(numIPUs, tilesPerIPU, architecture), false, true);
  }
};

} // namespace poplar
