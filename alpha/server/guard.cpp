#include "alpha/server/guard.h"

#include <algorithm>
#include <cctype>

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <unistd.h>

#include "alpha/server/api_error.h"

namespace alpha {

namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

/// "localhost:8080" and "[::1]:8080" without the port, in lower case.
std::string host_name(std::string_view host) {
  if (host.starts_with('[')) return lower(host.substr(0, host.find(']') + 1));
  return lower(host.substr(0, host.find(':')));
}

bool is_address(std::string_view name) {
  if (name.starts_with('[')) return true;
  return name.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::string own_name() {
  std::array<char, 256> name = {};
  gethostname(name.data(), name.size() - 1);
  return lower(name.data());
}

std::string_view bearer_token(const http::Request& request) {
  constexpr std::string_view kScheme = "bearer ";
  const auto header = http::find_header(request.headers, "Authorization").value_or("");
  if (lower(header.substr(0, kScheme.size())) != kScheme) return {};
  std::string_view token = header.substr(kScheme.size());
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  return token;
}

}  // namespace

bool is_loopback(std::string_view address) noexcept {
  return address == "localhost" || address == "::1" || address.starts_with("127.");
}

Guard::Guard(const ServerSettings& settings)
    : origins_(settings.cors_origins),
      hosts_(settings.allowed_hosts) {
  for (const ApiKey& key : settings.api_keys) keys_.push_back({key.name, digest_of(key.key)});
  if (!settings.upload_secret.empty()) secret_ = digest_of(settings.upload_secret);
  for (std::string& host : hosts_) host = host_name(host);
  const bool is_local = is_loopback(settings.http.address);
  is_checking_hosts_ = !hosts_.empty() || is_local || settings.api_keys.empty();
  if (!is_checking_hosts_) return;
  if (is_local) {
    for (const char* host : {"localhost", "127.0.0.1", "[::1]"}) hosts_.emplace_back(host);
    hosts_.push_back(lower(settings.http.address));
  } else if (hosts_.empty()) {
    // Names can be made to point here, addresses cannot.
    is_taking_addresses_ = true;
    hosts_ = {"localhost", own_name()};
  }
}

Guard::Digest Guard::digest_of(std::string_view text) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

bool Guard::is_allowed_origin(std::string_view origin) const {
  return std::ranges::any_of(origins_, [&](const std::string& allowed) {
    return allowed == "*" || lower(allowed) == lower(origin);
  });
}

void Guard::check_host(const http::Request& request) const {
  const auto host = http::find_header(request.headers, "Host");
  if (!host || host->empty()) throw ApiError(400, "the header Host is missing");
  const std::string name = host_name(*host);
  const bool is_known = !is_checking_hosts_ || std::ranges::find(hosts_, name) != hosts_.end() ||
                        (is_taking_addresses_ && is_address(name));
  if (!is_known) {
    throw ApiError(403,
                   fmt::format("the host '{}' is not one of this server's names; allow it with "
                               "--allow-host",
                               host->substr(0, 100)),
                   {}, "host_not_allowed");
  }
}

void Guard::check_page(const http::Request& request) const {
  const auto origin = http::find_header(request.headers, "Origin");
  const std::string host = lower(http::find_header(request.headers, "Host").value_or(""));
  if (!origin) {
    // An image or a link has no Origin, but says that it comes from elsewhere.
    const auto site = http::find_header(request.headers, "Sec-Fetch-Site").value_or("none");
    if (site != "cross-site") return;
    throw ApiError(403, "pages of other origins may not use this server", {}, "origin_not_allowed");
  }
  const auto scheme_end = origin->find("://");
  const bool is_same =
      scheme_end != std::string_view::npos && lower(origin->substr(scheme_end + 3)) == host;
  if (is_same || is_allowed_origin(*origin)) return;
  throw ApiError(403,
                 fmt::format("the origin '{}' may not use this server from a page; allow it with "
                             "--cors-origin",
                             origin->substr(0, 100)),
                 {}, "origin_not_allowed");
}

std::string Guard::check_access(const http::Request& request, Access access) const {
  if (access == Access::open || (access == Access::key && keys_.empty())) return {};
  const Digest given = digest_of(bearer_token(request));
  const auto is_same = [&](const Digest& digest) {
    return CRYPTO_memcmp(digest.data(), given.data(), given.size()) == 0;
  };
  if (access == Access::secret) {
    if (!secret_) {
      throw ApiError(403, "reports are off: the server has no upload secret (UPLOAD_SECRET)");
    }
    if (!is_same(*secret_)) throw ApiError(401, "Unauthorized");
    return "upload";
  }
  const std::string* name = nullptr;
  for (const KnownKey& key : keys_) {  // all of them, whichever it is
    if (is_same(key.digest)) name = &key.name;
  }
  if (name != nullptr) return *name;
  ApiError error(401,
                 bearer_token(request).empty()
                     ? "the API key is missing: send the header 'Authorization: Bearer KEY'"
                     : "the API key is not valid",
                 {}, "invalid_api_key");
  error.headers.add("WWW-Authenticate", "Bearer");
  throw ApiError(error);
}

void Guard::add_cors_headers(const http::Request& request, http::Fields& headers) const {
  const auto origin = http::find_header(request.headers, "Origin");
  if (origins_.empty()) return;
  headers.add("Vary", "Origin");
  if (!origin || !is_allowed_origin(*origin)) return;
  headers.add("Access-Control-Allow-Origin", std::string(*origin));
  headers.add("Access-Control-Expose-Headers", "Retry-After, X-Request-Id, Warning");
  if (request.method != "OPTIONS") return;
  headers.add("Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS");
  headers.add("Access-Control-Allow-Headers",
              std::string(http::find_header(request.headers, "Access-Control-Request-Headers")
                              .value_or("Authorization, Content-Type")));
  headers.add("Access-Control-Max-Age", "86400");
}

}  // namespace alpha
