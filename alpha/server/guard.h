#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/http/message.h"
#include "alpha/server/server_settings.h"

namespace alpha {

/// What a route asks of whoever calls it.
enum class Access : std::uint8_t {
  open,   // nothing
  key,    // one of the API keys, where there are some
  secret  // the upload secret
};

/// Who may call. Keys are compared by their digests, all of them and in constant time.
class Guard {
 public:
  explicit Guard(const ServerSettings& settings);

  /// Refuses a Host that is not this machine's, so that a web page elsewhere whose name is made to
  /// point here (DNS rebinding) reaches nothing. Error: ApiError 400, 403.
  void check_host(const http::Request& request) const;

  /// Refuses what a page of another origin has its browser ask for, be it by a form or an image,
  /// unless the origin is allowed. Error: ApiError 403.
  void check_page(const http::Request& request) const;

  /// The name of the key that was used; empty where none is needed. Error: ApiError 401, and 403
  /// for a secret where none is set.
  std::string check_access(const http::Request& request, Access access) const;

  /// What lets a page of an allowed origin read the answer; nothing for other origins.
  void add_cors_headers(const http::Request& request, http::Fields& headers) const;

 private:
  using Digest = std::array<unsigned char, 32>;

  struct KnownKey {
    std::string name;
    Digest digest;
  };

  static Digest digest_of(std::string_view text);
  bool is_allowed_origin(std::string_view origin) const;

  std::vector<KnownKey> keys_;
  std::optional<Digest> secret_;
  std::vector<std::string> origins_;
  std::vector<std::string> hosts_;
  bool is_checking_hosts_ = false;
  bool is_taking_addresses_ = false;
};

/// Whether an address can be reached from this machine alone.
bool is_loopback(std::string_view address) noexcept;

}  // namespace alpha
