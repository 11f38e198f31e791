#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "alpha/http/message.h"

namespace alpha::http {

/// One answer out of bytes as they come; those that only say "go on" (1xx) are passed over.
class ResponseParser {
 public:
  /// `is_head`: of a HEAD request, whose answer ends with its header.
  ResponseParser(bool is_head, std::size_t max_body_bytes);
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;
  ~ResponseParser();

  /// Reads on, up to the end of the answer, and returns how many bytes it has used. The ones it has
  /// not must come again, with more behind them. Error(io): what is wrong with the answer.
  std::size_t put(std::string_view bytes);

  /// The server has closed. Error(io): in the middle of the answer.
  void put_end();

  bool is_done() const noexcept;

  /// The connection can take another request.
  bool is_keep_alive() const noexcept;

  /// Every header is in `headers`, the type of the content also in `content_type`. Once.
  Response take();

 private:
  class Impl;
  void restart();

  bool is_head_;
  std::size_t max_body_bytes_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace alpha::http
