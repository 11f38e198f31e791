#include "alpha/http/request_parser.h"

#include <algorithm>
#include <utility>

#include <boost/beast/http/basic_parser.hpp>
#include <fmt/format.h>

#include "alpha/http/ascii.h"

namespace alpha::http {

namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

namespace {

/// The path of a target, from `/` on: also of one with a scheme and a host before it, which a proxy
/// sends. "*" and "host:port" stay as they are.
std::string_view without_origin(std::string_view target) noexcept {
  const std::size_t scheme = target.find("://");
  if (target.front() == '/' || scheme == std::string_view::npos) return target;
  const std::size_t path = target.find_first_of("/?", scheme + 3);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

/// The host of a target that names one.
std::string_view authority_of(std::string_view target) noexcept {
  const std::size_t scheme = target.find("://");
  if (target.front() == '/' || scheme == std::string_view::npos) return {};
  const std::string_view rest = target.substr(scheme + 3);
  return rest.substr(0, rest.find_first_of("/?"));
}

/// False where the text is not one that decodes.
bool decode_query(std::string_view text, Fields& query) {
  while (!text.empty()) {
    const std::string_view field = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(field.size() + 1, text.size()));
    if (field.empty()) continue;
    const std::size_t equals = field.find('=');
    auto name = decode_percent(field.substr(0, equals), true);
    auto value = decode_percent(
        equals == std::string_view::npos ? std::string_view() : field.substr(equals + 1), true);
    if (!name || !value) return false;
    query.add(std::move(*name), std::move(*value));
  }
  return true;
}

/// A request line whose version is written as one, but not ours: "PRI * HTTP/2.0".
bool has_other_version(std::string_view bytes) noexcept {
  const std::string_view line = bytes.substr(0, bytes.find("\r\n"));
  const std::size_t space = line.rfind(' ');
  if (space == std::string_view::npos) return false;
  const std::string_view version = line.substr(space + 1);
  return version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) &&
         version[6] == '.' && is_digit(version[7]) && version != "HTTP/1.0" &&
         version != "HTTP/1.1";
}

std::string_view view_of(beast::string_view text) noexcept {
  return {text.data(), text.size()};
}

}  // namespace

class RequestParser::Impl final : public bhttp::basic_parser<true> {
 public:
  explicit Impl(const RequestLimits& limits) : limits_(limits) {
    header_limit(static_cast<std::uint32_t>(
        std::min<std::size_t>(limits.max_header_bytes, std::uint32_t{0} - 1)));
    body_limit(limits.max_body_bytes);
    eager(true);
  }

  std::size_t read(std::string_view bytes);

  bool is_whole_header() const noexcept { return is_whole_header_; }

  std::optional<Refusal> refusal;
  Request request;
  bool is_http_1_0 = false;
  bool is_waiting_to_continue = false;

 private:
  void on_request_impl(bhttp::verb, beast::string_view method, beast::string_view target,
                       int version, beast::error_code& ec) override;
  void on_field_impl(bhttp::field field, beast::string_view name, beast::string_view value,
                     beast::error_code& ec) override;
  void on_header_impl(beast::error_code& ec) override;

  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}

  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}

  std::size_t on_body_impl(beast::string_view body, beast::error_code&) override {
    is_waiting_to_continue = false;
    request.body.append(body.data(), body.size());
    return body.size();
  }

  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}

  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body,
                                 beast::error_code& ec) override {
    return on_body_impl(body, ec);
  }

  void on_finish_impl(beast::error_code&) override { is_waiting_to_continue = false; }

  void refuse(int status, std::string message, beast::error_code& ec) {
    refusal = {status, std::move(message)};
    ec = bhttp::error::bad_field;
  }

  void refuse_for(beast::error_code ec, std::string_view bytes);
  void refuse_header_size(beast::error_code& ec);

  RequestLimits limits_;
  std::size_t header_bytes_ = 0;
  std::size_t n_fields_ = 0;
  std::size_t n_hosts_ = 0;
  std::string content_length_;
  std::string authority_;
  bool is_whole_header_ = false;
};

std::size_t RequestParser::Impl::read(std::string_view bytes) {
  std::size_t n_skipped = 0;
  if (!got_some()) {  // Line ends before a request are to be passed over (RFC 9112, 2.2).
    while (bytes.substr(n_skipped).starts_with("\r\n")) n_skipped += 2;
    bytes.remove_prefix(n_skipped);
    if (bytes.empty() || bytes == "\r") return n_skipped;
  }
  beast::error_code ec;
  const std::size_t n = put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
  if (ec && ec != bhttp::error::need_more) {
    if (!refusal) refuse_for(ec, bytes);
  } else if (!is_whole_header_) {
    if (header_bytes_ + bytes.size() - n > limits_.max_header_bytes) refuse_header_size(ec);
  } else if (!is_done() && bytes.size() - n > limits_.max_header_bytes) {
    refusal = {400, fmt::format("the line before a chunk, or what follows the last one, has more "
                                "than {} bytes",
                                limits_.max_header_bytes)};
  }
  return n_skipped + n;
}

void RequestParser::Impl::refuse_header_size(beast::error_code& ec) {
  refuse(431, fmt::format("the header has more than {} bytes", limits_.max_header_bytes), ec);
}

void RequestParser::Impl::refuse_for(beast::error_code ec, std::string_view bytes) {
  using bhttp::error;
  if (ec == error::header_limit) {
    refuse_header_size(ec);
  } else if (ec == error::body_limit) {
    const bool is_told = !content_length_.empty() && content_length_.size() <= 20;
    refusal = {413, is_told
                        ? fmt::format("the body has {} bytes, expected at most {}", content_length_,
                                      limits_.max_body_bytes)
                        : fmt::format("the body has more than {} bytes", limits_.max_body_bytes)};
  } else if (ec == error::bad_version && has_other_version(bytes)) {
    refusal = {505, "expected HTTP/1.1 or HTTP/1.0"};
  } else if (ec == error::multiple_content_length) {
    refusal = {400, "several Content-Length that differ"};
  } else if (ec == error::bad_content_length || ec == error::bad_transfer_encoding) {
    refusal = {400, "a Content-Length that is no number, or beside a Transfer-Encoding"};
  } else {
    refusal = {400, fmt::format("not a request of HTTP: {}", ec.message())};
  }
}

void RequestParser::Impl::on_request_impl(bhttp::verb, beast::string_view method,
                                          beast::string_view target, int version,
                                          beast::error_code& ec) {
  header_bytes_ = method.size() + target.size() + std::string_view("  HTTP/1.1\r\n").size();
  request.method = view_of(method);
  is_http_1_0 = version < 11;
  const std::string_view whole = without_origin(view_of(target));
  authority_ = authority_of(view_of(target));
  const std::size_t question = whole.find('?');
  auto path = decode_percent(whole.substr(0, question), false);
  const bool is_decoded = path && (question == std::string_view::npos ||
                                   decode_query(whole.substr(question + 1), request.query));
  if (!is_decoded) {
    return refuse(400, "the target has a % without two hex digits, or a zero byte", ec);
  }
  request.path = path->empty() ? "/" : std::move(*path);
}

void RequestParser::Impl::on_field_impl(bhttp::field field, beast::string_view name,
                                        beast::string_view value, beast::error_code& ec) {
  if (++n_fields_ > limits_.max_fields) {
    return refuse(431, fmt::format("more than {} header fields", limits_.max_fields), ec);
  }
  // The parser counts each piece alone, so that a header which comes field by field would not end.
  header_bytes_ += name.size() + value.size() + 4;
  if (header_bytes_ > limits_.max_header_bytes) return refuse_header_size(ec);
  if (is_whole_header_) return;  // behind a chunked body: of no use to anyone
  if (field == bhttp::field::transfer_encoding && !is_same_word(view_of(value), "chunked")) {
    return refuse(501, "a transfer coding that is not known, expected chunked", ec);
  }
  if (field == bhttp::field::content_length) content_length_ = view_of(value);
  if (field == bhttp::field::host) ++n_hosts_;
  // What the target says of the host counts more (RFC 9112, 3.2.2).
  const bool is_overruled = field == bhttp::field::host && !authority_.empty();
  request.headers.add(std::string(view_of(name)),
                      is_overruled ? authority_ : std::string(view_of(value)));
}

void RequestParser::Impl::on_header_impl(beast::error_code& ec) {
  is_whole_header_ = true;
  if (is_http_1_0 ? n_hosts_ > 1 : n_hosts_ != 1) {
    return refuse(400, fmt::format("{} Host headers, expected one", n_hosts_), ec);
  }
  if (is_http_1_0 && chunked()) {
    return refuse(400, "a Transfer-Encoding, which HTTP/1.0 does not have", ec);
  }
  const auto expectation = find_header(request.headers, "expect");
  if (!expectation || is_http_1_0) return;
  if (!is_same_word(*expectation, "100-continue")) {
    return refuse(417, "an Expect that is not known, expected 100-continue", ec);
  }
  is_waiting_to_continue = true;
}

RequestParser::RequestParser(const RequestLimits& limits) : impl_(std::make_unique<Impl>(limits)) {}

RequestParser::~RequestParser() = default;

std::size_t RequestParser::put(std::string_view bytes) {
  return impl_->read(bytes);
}

bool RequestParser::is_header_done() const noexcept {
  return impl_->is_whole_header();
}

bool RequestParser::is_done() const noexcept {
  return !impl_->refusal && impl_->is_done();
}

const std::optional<Refusal>& RequestParser::refusal() const noexcept {
  return impl_->refusal;
}

std::size_t RequestParser::body_bytes() const noexcept {
  return impl_->request.body.size();
}

const Request& RequestParser::head() const noexcept {
  return impl_->request;
}

bool RequestParser::is_keep_alive() const noexcept {
  return impl_->keep_alive();
}

bool RequestParser::is_http_1_0() const noexcept {
  return impl_->is_http_1_0;
}

bool RequestParser::is_waiting_to_continue() const noexcept {
  return impl_->is_waiting_to_continue;
}

Request RequestParser::take() {
  return std::move(impl_->request);
}

}  // namespace alpha::http
