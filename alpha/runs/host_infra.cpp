#include <array>

#include <sys/utsname.h>
#include <unistd.h>

#include "alpha/core/json.h"
#include "alpha/runs/report.h"

namespace alpha {

Json host_infra() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) name[0] = '\0';
  const std::int64_t ram_bytes =
      std::int64_t{::sysconf(_SC_PHYS_PAGES)} * std::int64_t{::sysconf(_SC_PAGESIZE)};

  struct utsname system {};

  std::string platform = ::uname(&system) == 0 ? system.sysname : "";
  for (char& c : platform) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return {{"hostname", name.data()},
          {"cpuCount", ::sysconf(_SC_NPROCESSORS_ONLN)},
          {"ramTotalMb", ram_bytes >> 20},
          {"osPlatform", platform}};
}

}  // namespace alpha
