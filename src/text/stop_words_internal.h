// Stop words: the words of a language that say nothing about what a text is about.
//
// Short lists of our own, of articles, pronouns, prepositions and auxiliary verbs; in lower case,
//   between spaces.
// Threads: constants.
#pragma once

#include <string_view>

namespace nacre::text::stop_words {

inline constexpr std::string_view kDanish =
    "af alle at da de dem den der deres det dig din dit du efter eller en er et for fra han hans "
    "har havde her hun hvad hvem hvor i ikke ind jeg jer kan man med men mig min mit ned noget nu "
    "når og om op os over på sig sin sit skal som til ud under var ved vi vil være";
inline constexpr std::string_view kDutch =
    "aan al als bij dan dat de der die dit door een en er ge geen haar had heb hebben heeft hem "
    "het hij hoe hun ik in is je kan maar me men met mij mijn na naar niet nog nu of om onder ons "
    "ook op over te tot u uit van voor was wat we werd wie wij wordt zal ze zich zij zijn zo zou";
inline constexpr std::string_view kEnglish =
    "a about above after again against all am an and any are as at be because been before being "
    "below between both but by can could did do does doing don't down during each few for from "
    "further had has have having he her here hers him his how i i'm if in into is isn't it it's "
    "its itself just me more most my no nor not of off on once only or other our out over own same "
    "she should so some such than that that's the their them then there these they this those "
    "through to too under until up very was we were what when where which while who whom why will "
    "with would you your yours";
inline constexpr std::string_view kFinnish =
    "ei en et eivät emme että he hän ja jos jotka joka juuri kanssa kuin kun me mikä minä mukaan "
    "mutta ne niin nyt oli olla olen on ovat se sekä sen siis sinä tai te tuo tämä vaan vai";
inline constexpr std::string_view kFrench =
    "à ai au aux avec c ce ces cette d dans de des du elle en es est et eu il ils j je l la le les "
    "leur leurs lui m ma mais me même mes moi mon n ne nos notre nous on ont ou où par pas pour qu "
    "que qui s sa se ses son sont sur t ta te tes toi ton tu un une vos votre vous y été être";
inline constexpr std::string_view kGerman =
    "aber alle als am an auch auf aus bei bin bis bist da damit dann das dass dein dem den der des "
    "die dir doch dort du durch ein eine einem einen einer eines er es euer für hat hatte hier "
    "hinter ich ihm ihn ihr im in ist ja kann kein man mein mich mir mit muss nach nicht noch nun "
    "nur ob oder ohne sehr sein sich sie sind so soll um und uns unter vom von vor war was wenn "
    "wer wie wir wird wo zu zum zur über";
inline constexpr std::string_view kHungarian =
    "a abban ahhoz ahogy aki akkor alatt amely ami arra az azok azt be csak de e egy ehhez el ez "
    "ezek ezt fel ha hogy hogyan is itt ki le lesz meg mert mi mint most más nem ott s sem van "
    "vagy volt én és ő";
inline constexpr std::string_view kItalian =
    "a ad ai al alla alle anche c che chi ci come con cui d da dai dal dalla de dei del della "
    "delle di dov dove e ed era essere fra gli ha hai hanno ho i il in io l la le lei lo loro lui "
    "ma mi mio ne nei nel nella noi non o per perché più quale quando quella quello questa questo "
    "se si sia sono su sua sul suo ti tra tu tua tuo un una uno vi voi è";
inline constexpr std::string_view kNorwegian =
    "alle at av bare begge ble både da de deg dem den der deres det din du eller en er et etter "
    "for fra før ha hadde han hans har her hun hva hvem hvor i ikke inn jeg kan med meg men min må "
    "noe nå når og om opp oss over på seg selv sin skal som så til under ut var ved vi vil være å";
inline constexpr std::string_view kPortuguese =
    "a ao aos as até com como da das de dela dele do dos e ela elas ele eles em entre era essa "
    "esse esta este eu foi há isso isto já lhe mais mas me mesmo meu minha muito na nas nem no nos "
    "não o os ou para pela pelo por qual quando que quem se sem ser seu sua são só também te tem "
    "tu um uma você à às é";
inline constexpr std::string_view kRomanian =
    "a al ale am ar are au ca care ce cel cu cum că da dar de deci din după ea ei el este eu fi "
    "fie fost iar ie în între la le lor lui mai mea meu nu o oricare pe pentru prin sa sau se sunt "
    "să te tu un una unde unei unui va voi și";
inline constexpr std::string_view kRussian =
    "а без бы был была были было быть в вам вас весь во вот все всё вы да для до его ее её если "
    "есть еще ещё же за и из или им их к как ко кто ли мне мы на над не него нет ни но ну о об он "
    "она они от по под при с со так также там то того тоже той только том ты у уже чем что это я";
inline constexpr std::string_view kSpanish =
    "a al algo ante antes como con contra cual cuando de del desde donde durante e el ella ellas "
    "ellos en entre era es esa ese eso esta este esto está fue ha hay la las le les lo los me mi "
    "mis mucho muy más mí nada ni no nos nosotros o os otra otro para pero por porque que quien "
    "qué "
    "se ser si sin sobre son su sus sí también te tiene tu tus tú un una uno y ya yo él";
inline constexpr std::string_view kSwedish =
    "alla att av blev bli då de dem den denna det detta dig din du där efter ej eller en er ett "
    "från för ha hade han hans har hon hur här i icke inte jag kan man med men mig min mot måste "
    "ni nu när någon och om oss på sig sin ska som så till under upp ut var vad vem vi vid vilken "
    "än är över";
inline constexpr std::string_view kTurkish =
    "acaba ama aslında az bazı belki ben biri birkaç bu bunu çok çünkü da daha de defa diye eğer "
    "en gibi hem hep hepsi her hiç için ile ise kez ki kim mı mu mü nasıl ne neden nerede niye o "
    "sanki şey siz şu tüm ve veya ya yani";

}  // namespace nacre::text::stop_words
