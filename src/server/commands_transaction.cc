// commitTransaction and abortTransaction. Both may be repeated by a client that
// lost the answer.
#include "server/commands.h"
#include "server/generic_arguments.h"
#include "server/wire_error.h"

namespace nacre::server {

Result<> commit_transaction(const Request& request, bson::Builder&) {
  const TransactionId id = NACRE_TRY(transaction_id_of(request.fields));
  Transactions& transactions = request.services.transactions;
  const std::optional<std::string> name = NACRE_TRY(transactions.database_to_commit(id));
  if (!name) return {};
  const std::optional<Databases::Lease> database =
      NACRE_TRY(request.services.databases.find(*name));
  return transactions.commit(id);
}

Result<> abort_transaction(const Request& request, bson::Builder&) {
  const TransactionId id = NACRE_TRY(transaction_id_of(request.fields));
  return request.services.transactions.abort(id);
}

}  // namespace nacre::server
