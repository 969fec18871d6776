#include "cli/print_documents.h"

#include <string>

namespace nacre::cli {

Result<> print_documents(Console& console, query::Cursor& cursor, bson::JsonForm form) {
  std::string line;
  while (true) {
    const auto row = NACRE_TRY(cursor.next());
    if (!row.has_value()) return {};
    line.clear();
    bson::append_json(line, *row, form);
    line.push_back('\n');
    console.print(line);
  }
}

}  // namespace nacre::cli
