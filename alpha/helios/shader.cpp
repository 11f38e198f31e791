#include "alpha/helios/shader.h"

#include <algorithm>

#include "alpha/core/error.h"

namespace alpha::helios {

const Shader& find_shader(std::string_view name) {
  const auto all = shaders();
  const auto found = std::ranges::lower_bound(all, name, {}, &Shader::name);
  if (found == all.end() || found->name != name) {
    fail(ErrorCode::internal, "[helios] there is no shader '{}'", name);
  }
  return *found;
}

}  // namespace alpha::helios
