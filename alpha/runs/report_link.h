#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "alpha/core/json.h"
#include "alpha/http/client.h"

namespace alpha {

/// What became of a message to a server.
enum class Delivery : std::uint8_t {
  done,
  retry,        // no answer, or one that another time may be better
  refused,      // it will not be better the next time
  unknown_run,  // the run has to be started first
  cancelled
};

struct Answer {
  Delivery delivery = Delivery::done;
  std::string problem = {};  // one sentence, unless done
};

/// The way to a server that runs are reported to. For one thread, but for `cancel`.
class ReportLink {
 public:
  ReportLink(http::Url url, const std::string& secret);

  /// Never throws for what happens on the way.
  Answer post(std::string_view path, const Json& message);
  Answer post(std::string_view path, const http::Fields& headers, std::string_view bytes);

  /// Ends what is running and all that follows. For any thread.
  void cancel() noexcept { client_.cancel(); }

 private:
  Answer send(std::string_view path, http::Fields headers, std::string_view body);

  http::Client client_;
  std::string authorization_;
};

}  // namespace alpha
