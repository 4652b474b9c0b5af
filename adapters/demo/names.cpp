#include "adapters/demo/names.h"

#include <array>

namespace rapport::demo {
namespace {

struct Word {
  std::string_view text, handle;
};

constexpr Word kGivenEurope[] = {
    {"Anna", "anna"},
    {"Zoë", "zoe"},
    {"Lukas", "lukas"},
    {"José", "jose"},
    {"Małgorzata", "malgorzata"},
    {"François", "francois"},
    {"Ingrid", "ingrid"},
    {"Søren", "soren"},
    {"Giulia", "giulia"},
    {"Bjørn", "bjorn"},
    {"Chloé", "chloe"},
    {"Marek", "marek"},
    {"Aoife", "aoife"},
    {"Jürgen", "juergen"},
    {"Inés", "ines"},
    {"Matteo", "matteo"},
    {"Eszter", "eszter"},
    {"Nils", "nils"},
    {"Olivia", "olivia"},
    {"Tomáš", "tomas"},
    {"Katarína", "katarina"},
    {"Henrik", "henrik"},
    {"Beatriz", "beatriz"},
    {"Élodie", "elodie"},
};
constexpr Word kFamilyEurope[] = {
    {"Müller", "mueller"},    {"García", "garcia"},   {"Nowak", "nowak"},         {"Lefèvre", "lefevre"},
    {"Rossi", "rossi"},       {"Jensen", "jensen"},   {"O’Brien", "obrien"},      {"Schäfer", "schaefer"},
    {"Novák", "novak"},       {"Silva", "silva"},     {"Dubois", "dubois"},       {"Johansson", "johansson"},
    {"Kowalska", "kowalska"}, {"Weiß", "weiss"},      {"Fernández", "fernandez"}, {"Bianchi", "bianchi"},
    {"van Dijk", "vandijk"},  {"Horváth", "horvath"}, {"Smith", "smith"},         {"Bergström", "bergstrom"},
    {"Brandt", "brandt"},     {"Peeters", "peeters"}, {"Lindqvist", "lindqvist"}, {"Martín", "martin"},
};
constexpr Word kFamilyChina[] = {
    {"王", "wang"},  {"李", "li"},   {"张", "zhang"}, {"刘", "liu"},  {"陈", "chen"}, {"杨", "yang"},
    {"黄", "huang"}, {"赵", "zhao"}, {"吴", "wu"},    {"周", "zhou"}, {"徐", "xu"},   {"孙", "sun"},
    {"马", "ma"},    {"朱", "zhu"},  {"胡", "hu"},    {"郭", "guo"},  {"何", "he"},   {"欧阳", "ouyang"},
};
constexpr Word kGivenChina[] = {
    {"美玲", "meiling"},  {"伟", "wei"},      {"秀英", "xiuying"}, {"建国", "jianguo"},  {"婷婷", "tingting"},
    {"子涵", "zihan"},    {"浩然", "haoran"}, {"雨桐", "yutong"},  {"志强", "zhiqiang"}, {"丽华", "lihua"},
    {"思远", "siyuan"},   {"欣怡", "xinyi"},  {"明", "ming"},      {"芳", "fang"},       {"俊杰", "junjie"},
    {"晓东", "xiaodong"}, {"静", "jing"},     {"文博", "wenbo"},
};

constexpr std::string_view kIndustries[] = {"manufacturing", "retail", "logistics", "healthcare",
                                            "software",      "energy", "education"};
constexpr std::string_view kTradeEurope[] = {"Maschinenbau", "Trading", "Logistics", "Medtech",
                                             "Systems",      "Energía", "Académie"};
constexpr std::string_view kTradeChina[] = {"机械", "商贸", "物流", "医疗器械", "软件", "能源", "教育科技"};
constexpr std::string_view kFormsEurope[] = {"GmbH",   "AG", "S.A.",       "Ltd",
                                             "S.r.l.", "AB", "Sp. z o.o.", "& Söhne KG"};
constexpr std::string_view kCitiesChina[] = {"上海", "北京", "深圳", "杭州", "广州", "成都", "苏州", "武汉"};
constexpr std::string_view kBrandsChina[] = {"宏远", "华信", "瑞丰", "天成", "金海",
                                             "东方", "恒泰", "新锐", "博雅", "启明"};

constexpr Place kPlacesEurope[] = {{"DE-BY", "de-DE"},  {"DE-HH", "de-DE"}, {"FR-IDF", "fr-FR"},
                                   {"ES-MD", "es-ES"},  {"IT-25", "it-IT"}, {"PL-14", "pl-PL"},
                                   {"GB-LND", "en-GB"}, {"SE-AB", "sv-SE"}};
constexpr Place kPlacesChina[] = {{"CN-SH", "zh-CN"}, {"CN-BJ", "zh-CN"}, {"CN-GD", "zh-CN"},
                                  {"CN-ZJ", "zh-CN"}, {"CN-SC", "zh-CN"}, {"CN-JS", "zh-CN"}};

constexpr Trouble kTroubles[] = {
    {"delivery",
     "late",
     {"Where is my parcel?", "包裹还没到"},
     {"It was due last week.", "说好上周到货，现在还没有消息。"}},
    {"delivery",
     "damaged",
     {"Arrived broken", "收到时已损坏"},
     {"The box was open and the housing is cracked.", "外箱破损，外壳开裂。"}},
    {"billing",
     "invoice",
     {"Wrong amount on the invoice", "发票金额不对"},
     {"We agreed on another price.", "与合同约定的价格不一致。"}},
    {"billing",
     "points",
     {"Points are missing", "积分没有到账"},
     {"My last order earned nothing.", "上一笔订单没有积分。"}},
    {"technical",
     "failure",
     {"Machine stops after ten minutes", "设备运行十分钟后停机"},
     {"Error E42 in the display, since Monday.", "周一起显示故障码E42。"}},
    {"technical",
     "setup",
     {"How do I connect it?", "如何联网？"},
     {"The manual ends at page 12.", "说明书第12页之后就没有了。"}},
    {"technical",
     "update",
     {"Nothing works since the update", "升级后无法使用"},
     {"Please bring the old version back.", "请恢复旧版本。"}},
    {"account",
     "access",
     {"I cannot log in", "无法登录"},
     {"The link in the e-mail has expired.", "邮件里的链接已失效。"}},
};
constexpr std::string_view kAnswers[][2] = {
    {"Thank you for your message, we are looking into it.", "您好，我们已收到您的反馈，正在处理。"},
    {"Could you send us the serial number, please?", "请提供一下产品序列号，谢谢。"},
    {"A colleague has taken over and will call you today.", "已转交专员，今天会与您联系。"}};
constexpr std::string_view kQuestions[][2] = {{"Here is what you asked for.", "这是您要的资料。"},
                                              {"Is there any news?", "请问有进展吗？"},
                                              {"It happened again this morning.", "今天早上又出现了。"}};
constexpr std::string_view kSolutions[][2] = {{"Replaced free of charge.", "已免费更换。"},
                                              {"Invoice corrected and sent again.", "发票已更正并重新寄出。"},
                                              {"Explained on the phone.", "已电话说明。"},
                                              {"Fixed with the current version.", "已通过新版本修复。"}};
constexpr std::string_view kFarewells[][2] = {
    {"They liked it, but the budget went elsewhere.", "客户认可产品，但预算被挪用。"},
    {"Price was the only thing they talked about.", "客户只关心价格。"},
    {"Our contact left the firm.", "对接人已离职。"}};

std::string_view in_language(Random& random, std::span<const std::string_view[2]> texts, Market market) {
  return random.pick(texts)[static_cast<std::size_t>(market)];
}

}  // namespace

PersonName person_name(Random& random, Market market) {
  bool china = market == Market::kChina;
  auto& family = china ? random.pick(kFamilyChina) : random.pick(kFamilyEurope);
  auto& given = china ? random.pick(kGivenChina) : random.pick(kGivenEurope);
  auto handle = std::string(given.handle) + "." + std::string(family.handle);
  if (china) return {std::string(family.text) + std::string(given.text), handle};
  return {std::string(given.text) + " " + std::string(family.text), handle};
}

std::string company_name(Random& random, Market market, std::string_view industry) {
  std::size_t trade = 0;
  while (kIndustries[trade] != industry) ++trade;
  // One draw a statement: operands are evaluated in no fixed order.
  if (market == Market::kChina) {
    std::string name(random.pick(kCitiesChina));
    name += random.pick(kBrandsChina);
    return name.append(kTradeChina[trade]).append("有限公司");
  }
  std::string name(random.pick(kFamilyEurope).text);
  name.append(" ").append(kTradeEurope[trade]).append(" ");
  return name.append(random.pick(kFormsEurope));
}

std::span<const Place> places(Market market) {
  return market == Market::kChina ? std::span<const Place>(kPlacesChina)
                                  : std::span<const Place>(kPlacesEurope);
}
std::span<const std::string_view> industries() { return kIndustries; }
std::span<const Trouble> troubles() { return kTroubles; }
std::string_view answer(Random& random, Market market) { return in_language(random, kAnswers, market); }
std::string_view question(Random& random, Market market) { return in_language(random, kQuestions, market); }
std::string_view solution(Random& random, Market market) { return in_language(random, kSolutions, market); }
std::string_view farewell(Random& random, Market market) { return in_language(random, kFarewells, market); }

}  // namespace rapport::demo
