#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "alpha/http/message.h"

namespace alpha::http {

/// Why a request is not taken: what to answer.
struct Refusal {
  int status = 400;
  std::string message = {};  // plain text of ours, nothing of the client's
};

struct RequestLimits {
  std::size_t max_header_bytes = std::size_t{32} * 1024;
  std::size_t max_body_bytes = std::size_t{4} * 1024 * 1024;
  std::size_t max_fields = 100;
};

/// One request out of bytes as they come. It is strict where being generous lets two servers read
/// the same bytes as different requests: lengths that disagree, a length beside a transfer coding,
/// no host or two.
class RequestParser {
 public:
  explicit RequestParser(const RequestLimits& limits);
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;
  ~RequestParser();

  /// Reads on, up to the end of the request, and returns how many bytes it has used. The ones it
  /// has not must come again, with more behind them. Not after `is_done` or a refusal.
  std::size_t put(std::string_view bytes);

  bool is_header_done() const noexcept;
  bool is_done() const noexcept;
  const std::optional<Refusal>& refusal() const noexcept;

  /// Bytes of the body so far.
  std::size_t body_bytes() const noexcept;

  // After the header.
  const Request& head() const noexcept;
  bool is_keep_alive() const noexcept;
  bool is_http_1_0() const noexcept;

  /// The client holds its body back until it is told to go on.
  bool is_waiting_to_continue() const noexcept;

  /// The request, without `client` and `is_tls`; once.
  Request take();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace alpha::http
