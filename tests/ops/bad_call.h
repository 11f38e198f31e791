#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/ops/backend_param.h"

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/ops.h"

namespace alpha::test {

/// A call that the op layer must refuse, and what its message has to say.
struct BadCall {
  std::string name;
  std::function<void(Backend&)> call;
  std::vector<std::string> parts;  // the op first, then shapes or numbers
};

inline Tensor x(Backend& b, const Shape& shape, DType dtype = DType::f32) {
  return zeros(b, shape, dtype);
}

/// Runs bad calls on every backend.
class OpErrors : public testing::TestWithParam<std::string_view> {
 protected:
  void expect_refused(const std::vector<BadCall>& calls) {
    for (const BadCall& bad : calls) {
      SCOPED_TRACE(bad.name);
      try {
        bad.call(*backend_);
        ADD_FAILURE() << "the call went through";
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
        const std::string message = error.what();
        EXPECT_TRUE(message.starts_with(bad.parts.front())) << message;
        for (const std::string& part : bad.parts) {
          EXPECT_NE(message.find(part), std::string::npos) << "'" << part << "' in: " << message;
        }
      }
    }
  }

 private:
  std::unique_ptr<Backend> backend_ = make_backend(GetParam(), 1);
};

}  // namespace alpha::test
