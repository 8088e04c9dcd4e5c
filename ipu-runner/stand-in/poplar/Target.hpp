// Stand-in for Poplar: how large a machine is.
#pragma once

#include <string>

#include "StringRef.hpp"
#include "TargetType.hpp"
#include "exceptions.hpp"

namespace poplar {

class Target {
  TargetType type = TargetType::IPU;
  std::string architecture;
  StandInTarget size{};

  Target(TargetType type, unsigned ipus, unsigned tiles, StringRef architecture)
      : type(type), architecture(architecture) {
    stand_in_check(stand_in_target(this->architecture.c_str(), ipus, tiles, &size));
  }

public:
  Target() = default;

  static Target createIPUTarget(unsigned ipus, StringRef architecture) {
    return Target(TargetType::IPU, ipus, 0, architecture);
  }
  static Target createIPUTarget(unsigned ipus, unsigned tilesPerIPU, StringRef architecture) {
    return Target(TargetType::IPU, ipus, tilesPerIPU, architecture);
  }
  static Target stand_in_model(unsigned ipus, unsigned tilesPerIPU, StringRef architecture) {
    return Target(TargetType::IPU_MODEL, ipus, tilesPerIPU, architecture);
  }

  TargetType getTargetType() const { return type; }
  // Some of Poplar's devices refuse to say.
  StringRef getTargetArchString() const {
    if (type != TargetType::IPU)
      throw poplar_error("the target has no architecture");
    return architecture;
  }
  const std::string &stand_in_architecture() const { return architecture; }
  unsigned getNumIPUs() const { return size.ipus; }
  unsigned getTilesPerIPU() const { return size.tiles_per_ipu; }
  unsigned getNumTiles() const { return size.ipus * size.tiles_per_ipu; }
  unsigned getNumWorkerContexts() const { return 6; }
  unsigned getBytesPerTile() const { return unsigned(size.bytes_per_tile); }
  double getTileClockFrequency() const { return size.clock; }

  bool operator==(const Target &other) const {
    return type == other.type && architecture == other.architecture && getNumIPUs() == other.getNumIPUs() &&
           getTilesPerIPU() == other.getTilesPerIPU();
  }
  bool operator!=(const Target &other) const { return !(*this == other); }
};

} // namespace poplar
