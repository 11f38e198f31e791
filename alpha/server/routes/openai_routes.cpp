#include "alpha/server/routes/openai_routes.h"

#include "alpha/server/routes/routes.h"
#include "alpha/server/service.h"

namespace alpha {

Json model_json(const ModelRegistry& models, const ModelName& name, const std::string& id) {
  const RunInfo& run = *name.run;
  Json steps = Json::array();
  Json loaded_steps = Json::array();
  for (const RunCheckpoint& one : run.checkpoints) {
    steps.push_back(one.step);
    if (models.is_loaded(one.path)) loaded_steps.push_back(one.step);
  }
  const Json config = run.config.is_object() ? run.config.value("modelConfig", Json()) : Json();
  const auto state = models.state_of(name.checkpoint.path);
  return {{"id", id},
          {"object", "model"},
          {"created", name.checkpoint.mtime_ms / 1000},
          {"owned_by", "alpha"},
          {"step", name.checkpoint.step},
          {"steps", std::move(steps)},
          {"best_step", run.best_step ? Json(*run.best_step) : Json()},
          {"n_params", run.n_params},
          {"max_model_len", config.is_object() ? config.value("blockSize", Json()) : Json()},
          {"size_bytes", name.checkpoint.size_bytes},
          {"is_loaded", state.loaded_bytes.has_value()},
          {"loaded_bytes", state.loaded_bytes ? Json(*state.loaded_bytes) : Json()},
          {"is_loading", state.is_loading},
          {"loaded_steps", std::move(loaded_steps)}};
}

namespace {

void list_models(const std::shared_ptr<Call>& call) {
  const ModelRegistry& models = call->service().models();
  Json data = Json::array();
  for (const auto& run : models.runs()) {
    if (run->checkpoints.empty()) continue;
    data.push_back(model_json(models, {run, run->checkpoints.back(), true}, run->id));
  }
  call->respond(Json{{"object", "list"}, {"data", std::move(data)}});
}

void retrieve_model(const std::shared_ptr<Call>& call) {
  const ModelRegistry& models = call->service().models();
  call->respond(model_json(models, models.find(call->parameter), call->parameter));
}

/// Why a checkpoint could not be loaded, without the server's folders.
[[noreturn]] void fail_load(const Call& call, const std::exception_ptr& error,
                            const std::filesystem::path& root) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& known) {
    if (known.code() == ErrorCode::overloaded || known.code() == ErrorCode::unsupported) throw;
    call.service().tell(call, known.what());
    std::string text = known.what();
    const std::string folder = root.string() + "/";
    for (std::size_t at = 0; (at = text.find(folder, at)) != std::string::npos;) {
      text.erase(at, folder.size());
    }
    const int status = known.code() == ErrorCode::out_of_memory ? 503 : 500;
    throw ApiError(status, fmt::format("the model '{}' cannot be loaded: {}", call.log.model, text),
                   "model", "model_load_failed");
  }
}

}  // namespace

void with_model(const std::shared_ptr<Call>& call, const std::string& name, bool is_required,
                std::function<void(const std::shared_ptr<ServedModel>&)> body) {
  Service& service = call->service();
  service.check_accepting();
  if (name.empty() && is_required) fail_param("model", "'model' is missing: see /v1/models");
  const std::shared_ptr<const RunInfo> run = service.models().find(name).run;
  call->log.model = run->id;
  service.models().open(
      name, [call, body = std::move(body), run](const std::shared_ptr<ServedModel>& model,
                                                const std::exception_ptr& error) {
        try {
          if (error) fail_load(*call, error, run->path.parent_path());
          body(model);
        } catch (const std::exception& caught) {
          call->service().fail(*call, caught);
        }
      });
}

void add_openai_routes(Router& router, Service& /*service*/) {
  router.add({"GET", "/v1/models", list_models});
  router.add({"GET", "/v1/models/{}", retrieve_model});
  router.add({"POST", "/v1/completions", create_completion});
  router.add({"POST", "/v1/chat/completions", create_chat_completion});
  router.add({"POST", "/chat/completions", create_chat_completion});  // as the original
  router.add({"POST", "/v1/embeddings", create_embeddings});
}

}  // namespace alpha
