#include "alpha/runs/curve_text.h"

#include <iterator>

#include <fmt/format.h>

#include "alpha/core/json.h"

namespace alpha {

namespace {

std::string json_text(std::string_view text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

void add(std::string& out, std::string_view name, std::optional<std::int64_t> value) {
  fmt::format_to(std::back_inserter(out), ",\"{}\":", name);
  out += value ? fmt::format_int(*value).c_str() : "null";
}

void add(std::string& out, std::int64_t value) {
  out += fmt::format_int(value).c_str();
}

void add(std::string& out, float value) {
  if (value == value) {
    fmt::format_to(std::back_inserter(out), "{}", value);
  } else {
    out += "null";
  }
}

template<class T>
void add(std::string& out, std::string_view name, const std::vector<T>& values) {
  fmt::format_to(std::back_inserter(out), "\"{}\":[", name);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ',';
    add(out, values[i]);
  }
  out += ']';
}

}  // namespace

std::string curve_text(std::string_view run_id, const Curves& curves) {
  std::string out = "{\"run_id\":" + json_text(run_id);
  add(out, "n_rows", curves.n_rows);
  add(out, "first_step", curves.first_step);
  add(out, "last_step", curves.last_step);
  add(out, "from", curves.from);
  add(out, "to", curves.to);
  add(out, "rows_per_bucket", curves.rows_per_bucket);
  out += ',';
  add(out, "step", curves.step);
  out += ",\"columns\":{";
  for (const Curves::Column& column : curves.columns) {
    if (&column != &curves.columns.front()) out += ',';
    out += json_text(column.name) + ":{";
    add(out, "mean", column.mean);
    if (curves.rows_per_bucket > 1) {
      out += ',';
      add(out, "min", column.min);
      out += ',';
      add(out, "max", column.max);
    }
    out += '}';
  }
  out += "}}";
  return out;
}

}  // namespace alpha
