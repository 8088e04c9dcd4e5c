// Stand-in for Poplar: kinds of devices.
#pragma once

namespace poplar {

enum class TargetType { IPU, IPU_MODEL, CPU };

} // namespace poplar
