#include "alpha/server/routes/openai_routes.h"
#include "alpha/server/routes/routes.h"
#include "alpha/server/service.h"

namespace alpha {

namespace {

void respond_with_row(Call& call) {
  const ModelRegistry& models = call.service().models();
  call.respond(model_json(models, models.find(call.parameter), call.parameter));
}

/// Answers when it is loaded.
void load_model(const std::shared_ptr<Call>& call) {
  with_model(call, call->parameter, true,
             [call](const std::shared_ptr<ServedModel>&) { respond_with_row(*call); });
}

void unload_model(const std::shared_ptr<Call>& call) {
  call->service().models().unload(call->parameter);
  respond_with_row(*call);
}

}  // namespace

void add_model_routes(Router& router, Service& /*service*/) {
  const auto add = [&router](const char* pattern, auto* body) {
    router.add({"POST", pattern, body, Access::key, ErrorShape::original});
  };
  add("/api/models/{}/load", load_model);
  add("/api/models/{}/unload", unload_model);
}

}  // namespace alpha
