// Stand-in for Poplar: the devices of a machine.
//
// There are two of 1, 2, 4 and 8 IPUs of the second generation, the first of which is busy: who forgets to ask is found out. There is one of 16, and
// it is busy.
#pragma once

#include <vector>

#include "Device.hpp"
#include "OptionFlags.hpp"

namespace poplar {

class DeviceManager {
public:
  static DeviceManager createDeviceManager() { return DeviceManager(); }

  std::vector<Device> getDevices(TargetType type, unsigned numIPUs, const OptionFlags & = {}) const {
    std::vector<Device> devices;
    const bool offered = numIPUs == 1 || numIPUs == 2 || numIPUs == 4 || numIPUs == 8 || numIPUs == 16;
    if (type != TargetType::IPU || !offered)
      return devices;
    for (unsigned id = 0; id < (numIPUs == 16 ? 1 : 2); ++id)
      devices.push_back(Device::stand_in(id, Target::createIPUTarget(numIPUs, "ipu2"), id == 0, false));
    return devices;
  }
};

} // namespace poplar
