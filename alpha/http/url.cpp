#include <algorithm>
#include <charconv>

#include "alpha/core/error.h"
#include "alpha/http/ascii.h"
#include "alpha/http/client.h"

namespace alpha::http {

namespace {

/// Cuts the scheme and "://" off.
bool take_is_tls(std::string_view& rest, std::string_view text) {
  const std::size_t end = rest.find("://");
  const std::string_view scheme = rest.substr(0, end);
  if (end == std::string_view::npos) {
    fail_invalid("[http] the URL '{}' has no scheme: expected http:// or https:// before it", text);
  }
  const bool is_tls = is_same_word(scheme, "https");
  if (!is_tls && !is_same_word(scheme, "http")) {
    fail_invalid("[http] the URL '{}' has the scheme '{}', expected http or https", text, scheme);
  }
  rest.remove_prefix(end + 3);
  return is_tls;
}

std::string_view take_host(std::string_view& authority, std::string_view text) {
  const bool is_bracketed = authority.starts_with('[');
  const std::size_t end = is_bracketed ? authority.find(']') : authority.find(':');
  if (is_bracketed && end == std::string_view::npos) {
    fail_invalid("[http] the URL '{}' has a '[' without its ']'", text);
  }
  const std::string_view host =
      is_bracketed ? authority.substr(1, end - 1) : authority.substr(0, end);
  if (host.empty()) fail_invalid("[http] the URL '{}' has no host", text);
  authority.remove_prefix(is_bracketed ? end + 1 : std::min(end, authority.size()));
  return host;
}

std::string port_of(std::string_view port, bool is_tls, std::string_view text) {
  if (port.empty()) return is_tls ? "443" : "80";
  unsigned number = 0;
  const char* end = port.data() + port.size();
  const auto [stop, error] = std::from_chars(port.data() + 1, end, number);
  if (port.front() != ':' || port.size() == 1 || stop != end || error != std::errc() ||
      number == 0 || number > 65535) {
    fail_invalid("[http] the URL '{}' has the port '{}', expected 1 to 65535", text,
                 port.substr(port.front() == ':' ? 1 : 0));
  }
  return std::to_string(number);
}

}  // namespace

Url parse_url(std::string_view text) {
  std::string_view rest = text;
  if (std::any_of(text.begin(), text.end(), [](char c) { return c == ' ' || is_control(c); })) {
    fail_invalid("[http] the URL '{}' has a space or a control character", text);
  }
  if (text.find_first_of("?#") != std::string_view::npos) {
    fail_invalid("[http] the URL '{}' has a query or a fragment, expected none", text);
  }
  Url url;
  url.is_tls = take_is_tls(rest, text);
  std::string_view authority = rest.substr(0, rest.find('/'));
  rest.remove_prefix(authority.size());
  if (authority.find('@') != std::string_view::npos) {
    fail_invalid("[http] a URL has a user or password before the host, expected none");
  }
  url.host = take_host(authority, text);
  url.port = port_of(authority, url.is_tls, text);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  url.path = rest;
  return url;
}

}  // namespace alpha::http
