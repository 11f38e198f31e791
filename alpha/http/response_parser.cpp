#include "alpha/http/response_parser.h"

#include <utility>

#include <boost/beast/http/basic_parser.hpp>

#include "alpha/core/error.h"

namespace alpha::http {

namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

namespace {

constexpr std::size_t kMaxHeaderBytes = std::size_t{64} * 1024;

}  // namespace

class ResponseParser::Impl final : public bhttp::basic_parser<false> {
 public:
  Impl(bool is_head, std::size_t max_body_bytes) {
    header_limit(kMaxHeaderBytes);
    body_limit(max_body_bytes);
    eager(true);
    skip(is_head);
  }

  Response response{.content_type = {}};

 private:
  void on_request_impl(bhttp::verb, beast::string_view, beast::string_view, int,
                       beast::error_code&) override {}

  void on_response_impl(int status, beast::string_view, int, beast::error_code&) override {
    response.status = status;
  }

  void on_field_impl(bhttp::field field, beast::string_view name, beast::string_view value,
                     beast::error_code& ec) override {
    header_bytes_ += name.size() + value.size() + 4;
    if (header_bytes_ > kMaxHeaderBytes) ec = bhttp::error::header_limit;
    if (field == bhttp::field::content_type) response.content_type.assign(value);
    response.headers.add(std::string(name), std::string(value));
  }

  void on_header_impl(beast::error_code&) override {}

  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}

  std::size_t on_body_impl(beast::string_view body, beast::error_code&) override {
    response.body.append(body.data(), body.size());
    return body.size();
  }

  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}

  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body,
                                 beast::error_code& ec) override {
    return on_body_impl(body, ec);
  }

  void on_finish_impl(beast::error_code&) override {}

  std::size_t header_bytes_ = 0;
};

ResponseParser::ResponseParser(bool is_head, std::size_t max_body_bytes)
    : is_head_(is_head),
      max_body_bytes_(max_body_bytes) {
  restart();
}

ResponseParser::~ResponseParser() = default;

void ResponseParser::restart() {
  impl_ = std::make_unique<Impl>(is_head_, max_body_bytes_);
}

std::size_t ResponseParser::put(std::string_view bytes) {
  std::size_t n_used = 0;
  while (n_used < bytes.size() && !is_done()) {
    beast::error_code ec;
    const std::string_view rest = bytes.substr(n_used);
    n_used += impl_->put(boost::asio::const_buffer(rest.data(), rest.size()), ec);
    if (ec == bhttp::error::need_more) break;
    if (ec == bhttp::error::body_limit) {
      fail(ErrorCode::io, "the answer has more than {} bytes", max_body_bytes_);
    }
    if (ec) fail(ErrorCode::io, "the answer is not one of HTTP: {}", ec.message());
    if (is_done() && impl_->response.status < 200) restart();
  }
  if (bytes.size() - n_used > kMaxHeaderBytes && !is_done()) {
    fail(ErrorCode::io, "the answer has a line of more than {} bytes", kMaxHeaderBytes);
  }
  return n_used;
}

void ResponseParser::put_end() {
  beast::error_code ec;
  if (impl_->got_some()) impl_->put_eof(ec);
  if (ec || !is_done()) fail(ErrorCode::io, "the server closed in the middle of the answer");
}

bool ResponseParser::is_done() const noexcept {
  return impl_->is_done();
}

bool ResponseParser::is_keep_alive() const noexcept {
  return impl_->keep_alive();
}

Response ResponseParser::take() {
  return std::move(impl_->response);
}

}  // namespace alpha::http
