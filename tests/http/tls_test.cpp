#include <cstdlib>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "tests/http/certificate.h"
#include "tests/http/raw_client.h"
#include "tests/http/running_server.h"
#include <gtest/gtest.h>

#include "alpha/core/error.h"
#include "alpha/http/client.h"

namespace alpha::http {
namespace {

using test::Certificate;
using test::get_soon;
using test::RawClient;
using test::RunningServer;

using ExchangePtr = std::shared_ptr<Exchange>;

class TlsTest : public testing::Test {
 protected:
  /// What clients trust besides: read when their first connection is made.
  static void trust(const Certificate& certificate) {
    ::setenv("SSL_CERT_FILE", certificate.certificate_file().c_str(), 1);
  }

  void TearDown() override { ::unsetenv("SSL_CERT_FILE"); }

  ServerOptions options(std::int64_t header_timeout_ms = 30'000) const {
    return {.tls_certificate = certificate_.certificate_file(),
            .tls_key = certificate_.key_file(),
            .header_timeout_ms = header_timeout_ms};
  }

  static Client client_of(const RunningServer& server, const std::string& host = "localhost") {
    return Client({.host = host, .port = std::to_string(server.port()), .path = "", .is_tls = true},
                  10'000);
  }

  static std::string problem_of(const ServerOptions& options, ErrorCode expected) {
    try {
      const Server server(options, [](const ExchangePtr&) {});
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), expected) << error.what();
      return error.what();
    }
    return "none";
  }

  static std::string problem_of(Client& client) {
    try {
      client.request("GET", "/", {}, "");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::io);
      return error.what();
    }
    return "none";
  }

  Certificate certificate_{"DNS:localhost,IP:127.0.0.1"};
};

TEST_F(TlsTest, RequestsAndAnswersOfAnySizeGoThrough) {
  RunningServer server(
      [](const ExchangePtr& exchange) {
        EXPECT_TRUE(exchange->request().is_tls);
        exchange->begin({.body = exchange->request().body});
        exchange->write("!");
        exchange->end();
      },
      options());
  trust(certificate_);
  for (const char* host : {"localhost", "127.0.0.1"}) {
    Client client = client_of(server, host);
    for (const std::size_t size : {0u, 1u, 100'000u, 3'000'000u}) {
      const std::string body(size, 'x');
      const Response response = client.request("POST", "/", {}, body);
      EXPECT_EQ(response.status, 200);
      EXPECT_EQ(response.body, body + "!");
    }
    EXPECT_LE(server.ask([&] { return server.server().n_connections(); }), 2u);
  }
}

TEST_F(TlsTest, AClientThatLeavesIsNoticed) {
  std::promise<void> left;
  auto is_left = left.get_future();
  std::promise<ExchangePtr> asked;
  auto exchange = asked.get_future();
  RunningServer server(
      [&](const ExchangePtr& it) {
        it->on_leave([&] { left.set_value(); });
        asked.set_value(it);
      },
      options());
  trust(certificate_);
  Client client = client_of(server);
  std::thread thread([&] { EXPECT_THROW(client.request("GET", "/", {}, ""), Error); });
  const ExchangePtr kept = get_soon(exchange);
  client.cancel();
  thread.join();
  get_soon(is_left);
}

TEST_F(TlsTest, ACertificateThatIsNotTrustedIsRefused) {
  RunningServer server([](const ExchangePtr&) {}, options());
  Client client = client_of(server);
  EXPECT_EQ(problem_of(client),
            "[http] https://localhost:" + std::to_string(server.port()) +
                ": no TLS: the certificate is not trusted: self-signed certificate");
}

TEST_F(TlsTest, ACertificateForAnotherHostIsRefused) {
  const Certificate other("DNS:example.org");
  RunningServer server([](const ExchangePtr&) {},
                       {.tls_certificate = other.certificate_file(), .tls_key = other.key_file()});
  trust(other);
  Client client = client_of(server);
  EXPECT_NE(problem_of(client).find("the certificate is not trusted: hostname mismatch"),
            std::string::npos);
  Client by_address = client_of(server, "127.0.0.1");
  EXPECT_NE(problem_of(by_address).find("IP address mismatch"), std::string::npos);
}

TEST_F(TlsTest, AClientWithoutTlsIsClosed) {
  RunningServer server([](const ExchangePtr&) {}, options());
  RawClient client(server.port());
  client.send(test::get("/"));
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(TlsTest, AHandshakeThatDoesNotComeIsNotWaitedFor) {
  RunningServer server([](const ExchangePtr&) {}, options(100));
  RawClient client(server.port());
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(TlsTest, FilesThatAreNotThereAreNamed) {
  ServerOptions with = options();
  with.tls_certificate = "/no/certificate.pem";
  EXPECT_NE(problem_of(with, ErrorCode::not_found).find("'/no/certificate.pem'"),
            std::string::npos);
  with = options();
  with.tls_key = "/no/key.pem";
  EXPECT_NE(problem_of(with, ErrorCode::not_found).find("'/no/key.pem'"), std::string::npos);
}

TEST_F(TlsTest, FilesThatAreOfAnotherKindAreNamed) {
  ServerOptions with = options();
  with.tls_certificate = certificate_.key_file();
  EXPECT_NE(problem_of(with, ErrorCode::corrupt)
                .find("no certificate (PEM) in '" + certificate_.key_file().string() + "'"),
            std::string::npos);
  with = options();
  with.tls_key = certificate_.certificate_file();
  EXPECT_NE(problem_of(with, ErrorCode::corrupt)
                .find("no key (PEM, without a password) in '" +
                      certificate_.certificate_file().string() + "'"),
            std::string::npos);
}

TEST_F(TlsTest, AKeyOfAnotherCertificateIsNamed) {
  const Certificate other("DNS:localhost");
  ServerOptions with = options();
  with.tls_key = other.key_file();
  EXPECT_NE(problem_of(with, ErrorCode::corrupt).find(other.key_file().string()),
            std::string::npos);
}

TEST_F(TlsTest, ACertificateWithoutAKeyIsNotEnough) {
  ServerOptions with = options();
  with.tls_key.clear();
  EXPECT_NE(problem_of(with, ErrorCode::invalid_argument).find("alone"), std::string::npos);
}

}  // namespace
}  // namespace alpha::http
