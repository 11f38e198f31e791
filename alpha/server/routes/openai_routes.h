#pragma once

#include <functional>
#include <memory>
#include <string>

#include "alpha/server/call.h"
#include "alpha/server/model_registry.h"
#include "alpha/server/served_model.h"

namespace alpha {

// POST /v1/…, one file each. Error: ApiError.

void create_completion(const std::shared_ptr<Call>& call);
void create_chat_completion(const std::shared_ptr<Call>& call);
void create_embeddings(const std::shared_ptr<Call>& call);

/// A row of /v1/models: what `id` means, and whether it is loaded.
Json model_json(const ModelRegistry& models, const ModelName& name, const std::string& id);

/// Runs `body` when the model is loaded; what either throws is the call's answer. Error: ApiError
/// 404 for an unknown model, 503 when the service takes no new work.
void with_model(const std::shared_ptr<Call>& call, const std::string& name, bool is_required,
                std::function<void(const std::shared_ptr<ServedModel>&)> body);

}  // namespace alpha
