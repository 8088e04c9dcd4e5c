// Stand-in for Poplar: kinds of files with codelets. The tile machine goes by their names.
#pragma once

namespace poplar {

enum class CodeletFileType { Auto, CppSource, Object };

} // namespace poplar
