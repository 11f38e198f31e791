#include "alpha/server/routes/routes.h"
#include "alpha/server/service.h"

namespace alpha {

namespace {

void health(const std::shared_ptr<Call>& call) {
  call->respond(Json{{"status", "ok"}});
}

/// For a load balancer: whether to send work here.
void ready(const std::shared_ptr<Call>& call) {
  const Service& service = call->service();
  if (service.is_ready()) return call->respond(Json{{"status", "ready"}});
  call->respond(Json{{"status", service.is_draining() ? "draining" : "starting"}}, 503);
}

void metrics(const std::shared_ptr<Call>& call) {
  call->service().update_gauges();
  call->respond(http::Response{.body = call->service().metrics().text(),
                               .content_type = "text/plain; version=0.0.4; charset=utf-8"});
}

}  // namespace

void add_health_routes(Router& router, Service& /*service*/) {
  for (const char* path : {"/health", "/v1/health"}) {
    router.add({"GET", path, health, Access::open});
  }
  router.add({"GET", "/ready", ready, Access::open});
  router.add({"GET", "/metrics", metrics});
}

}  // namespace alpha
