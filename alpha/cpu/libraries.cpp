#include "alpha/cpu/libraries.h"

#include <fmt/format.h>
#include <hwy/base.h>
#include <hwy/highway.h>
#include <oneapi/dnnl/dnnl.h>

namespace alpha::cpu {

std::vector<std::pair<std::string, std::string>> libraries() {
  const dnnl_version_t& dnnl = *dnnl_version();
  return {{"onednn", fmt::format("{}.{}.{}", dnnl.major, dnnl.minor, dnnl.patch)},
          {"highway", fmt::format("{}.{}.{}", HWY_MAJOR, HWY_MINOR, HWY_PATCH)}};
}

}  // namespace alpha::cpu
