#pragma once

#include <string>
#include <vector>

#include "alpha/inference/request.h"
#include "alpha/server/request_body.h"
#include "alpha/server/served_model.h"

namespace alpha {

/// `messages`: a list of {role, content}, content a text or a list of text parts. Roles are system,
/// developer (the same), user and assistant. Error: ApiError 400 naming the place.
std::vector<ChatMessage> read_messages(RequestFields& fields);

/// The prompt that the model's template makes of the messages. Error: ApiError 400 for a
/// conversation that says nothing.
std::vector<TokenId> encode_chat(std::span<const ChatMessage> messages, const ServedModel& model);

/// Has what ends an answer by the template end it.
void add_template_stops(const ServedModel& model, GenerateRequest& request);

}  // namespace alpha
