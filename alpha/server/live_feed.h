#pragma once

#include <memory>
#include <string>
#include <vector>

#include "alpha/runs/live.h"
#include "alpha/server/call.h"

namespace alpha {

/// Those who watch training: streams of server-sent events. For the server's thread.
class LiveFeed {
 public:
  /// Begins the stream of a call with the snapshot.
  void subscribe(const std::shared_ptr<Call>& call, const Json& snapshot);

  /// To all, those who do not read fast enough excepted: they are let go.
  void send(const std::vector<RunEvent>& events);

  /// A comment that keeps proxies from closing a quiet stream.
  void heartbeat() { send_text(": heartbeat\n\n"); }

  /// Ends all streams.
  void close();

 private:
  void send_text(const std::string& text);

  std::vector<std::shared_ptr<Call>> calls_;
};

}  // namespace alpha
