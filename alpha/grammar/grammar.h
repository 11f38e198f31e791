#pragma once

#include <cstddef>
#include <memory>

#include "alpha/core/json_fwd.h"
#include "alpha/grammar/automaton.h"

namespace alpha {

/// What a schema may cost. Beyond it, compiling is refused.
struct SchemaLimits {
  std::size_t max_bytes = std::size_t{64} << 10U;  // of the schema, written compactly
  int max_depth = 32;                              // schemas inside schemas
  std::size_t max_states = 100'000;                // of the automaton
  int max_nesting = 32;  // arrays and objects of a value inside each other
};

/// A language of JSON texts, as an automaton over bytes. Immutable: any number of matchers and
/// threads may share one.
class Grammar {
 public:
  /// Checks the automaton; see `seal`.
  explicit Grammar(Automaton automaton);

  const Automaton& automaton() const noexcept { return automaton_; }

 private:
  Automaton automaton_;
};

/// The values that a JSON schema allows, as docs/structured-output.md describes: every text of the
/// grammar is valid, but not every valid text is in the grammar (order of properties, white space,
/// digits). What cannot be kept is refused, never ignored.
/// Error(invalid_argument): `schema at '/properties/a': keyword 'pattern' is not supported`.
std::shared_ptr<const Grammar> compile_json_schema(const Json& schema,
                                                   const SchemaLimits& limits = {});

/// Any object, with values nested at most 32 deep.
std::shared_ptr<const Grammar> any_json_object();

}  // namespace alpha
