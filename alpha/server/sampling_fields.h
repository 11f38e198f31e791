#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alpha/inference/request.h"
#include "alpha/server/call.h"
#include "alpha/server/request_body.h"
#include "alpha/server/served_model.h"

namespace alpha {

/// The fields that /v1/completions and /v1/chat/completions have in common: temperature, top_p,
/// top_k, min_p, the penalties, logit_bias, seed, n, stop, ignore_eos, response_format, user. The
/// prompt and its length are the caller's. Without a seed each call draws its own.
/// Error: ApiError 400 naming the field.
GenerateRequest read_sampling(RequestFields& fields, ServedModel& model, const Call& call);

/// Whose a request is: sessions are shared out among keys, and among the users of a key; what is
/// computed is shared among users, never among keys.
void set_client(GenerateRequest& request, const Call& call, std::string_view user = {});

/// Another one each time.
std::uint64_t random_seed();

/// How many tokens may be written after a prompt of `n_prompt` tokens: what was asked for, or
/// `otherwise` and at most what the context holds. Nothing is cut off silently.
/// Error: ApiError 400 context_length_exceeded with both numbers, naming `prompt_param` where the
/// prompt alone is too long, else `max_tokens_param`.
std::int64_t fit_tokens(const ServedModel& model, std::int64_t n_prompt,
                        std::optional<std::int64_t> wanted, std::int64_t otherwise,
                        std::string_view prompt_param, std::string_view max_tokens_param);

/// Reads `stream` and `stream_options`.
struct StreamFields {
  bool is_stream = false;
  bool includes_usage = false;
};

StreamFields read_stream(RequestFields& fields);

/// The model's name; empty when it is missing.
std::string read_model_name(RequestFields& fields);

/// Refuses what OpenAI's API has and this one has not, unless it asks for nothing.
void refuse_unsupported(RequestFields& fields);

/// Tells of fields that nothing has read: in the header `Warning`, or, for a strict service, as
/// ApiError 400.
void report_unknown(const RequestFields& fields, Call& call);

}  // namespace alpha
