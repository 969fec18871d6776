// Writes to several collections that happen together or not at all.
#include "example.h"

using nacre::Document;
using nacre::Update;
using nacre::where;

namespace {

nacre::Result<> transfer(nacre::Database& database, const char* from, const char* to, int amount) {
  const auto body = [&](nacre::Transaction& transaction) -> nacre::Result<> {
    auto accounts = transaction.collection("accounts");
    const auto payer = NACRE_TRY(accounts.find_one(where("_id").eq(from)));
    if (!payer || payer->get_int64("balance").value_or(0) < amount) {
      return nacre::fail(nacre::Code::kInvalid, "not enough money");
    }
    NACRE_TRY(accounts.update_one(where("_id").eq(from), Update().inc("balance", -amount)));
    NACRE_TRY(accounts.update_one(where("_id").eq(to), Update().inc("balance", amount)));
    NACRE_TRY(transaction.collection("transfers")
                  .insert_one(Document::of({{"from", from}, {"to", to}, {"amount", amount}})));
    return {};
  };
  NACRE_TRY(database.transact(body));
  return {};
}

nacre::Result<> run(const char* path) {
  auto database = NACRE_TRY(nacre::Database::open(path, {.create_if_missing = true}));
  auto accounts = database.collection("accounts");
  NACRE_TRY(accounts.insert_one(R"({"_id": "ada", "balance": 100})"));
  NACRE_TRY(accounts.insert_one(R"({"_id": "mary", "balance": 0})"));

  NACRE_TRY(transfer(database, "ada", "mary", 70));
  const auto refused = transfer(database, "ada", "mary", 70);
  say(refused ? "paid twice?" : "refused: " + refused.error().what());

  for (const Document& account : NACRE_TRY(accounts.find().all())) say(account.to_json());
  const auto transfers = NACRE_TRY(database.collection("transfers").count());
  say(std::to_string(transfers) + " transfer");
  return {};
}

}  // namespace

int main(int argc, char** argv) { return run_example(run, argc, argv); }
