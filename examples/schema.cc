// What documents must look like, put together in C++; the $jsonSchema it becomes.
#include "example.h"

using nacre::Schema;

namespace {

nacre::Result<> run(const char* /*path*/) {
  const Schema person = Schema::object()
                            .required("_id", Schema::any())
                            .required("name", Schema::string().min_length(1).max_length(80))
                            .optional("age", Schema::integer().minimum(0).maximum(150))
                            .optional("mails", Schema::array_of(Schema::string().pattern("@")))
                            .no_other_fields();
  say(person.validator().to_json());
  return {};
}

}  // namespace

int main(int argc, char** argv) { return run_example(run, argc, argv); }
