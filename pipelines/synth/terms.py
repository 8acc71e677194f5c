"""What the synthetic world is made of: its time, cities, fields, products, services.

What belongs here: names, codes and shares, all invented. What does not: drawing from them.

Magnitudes follow domain.md section 8 (medians of premium 6-15 thousand yuan, claims on 3-8 % of policies, mean claim
60-120 thousand yuan, 1-2 visits a year).
"""

from __future__ import annotations

from datetime import date

START, END = date(2022, 1, 1), date(2026, 10, 15)
DISTRICTS = {
    "weihai": {"371002": 0.2, "371003": 0.16, "371082": 0.19, "371083": 0.12, "371071": 0.12, "371072": 0.1, "371073": 0.07, "3710Z1": 0.04},
    "shanghai": {
        "310101": 0.03, "310104": 0.05, "310105": 0.03, "310106": 0.05, "310107": 0.05, "310109": 0.03, "310110": 0.05, "310112": 0.1,
        "310113": 0.09, "310114": 0.09, "310115": 0.17, "310116": 0.07, "310117": 0.07, "310118": 0.05, "310120": 0.05, "310151": 0.02,
    },
}  # fmt: skip
CITY_SHARE = {"weihai": 0.4, "shanghai": 0.6}
INSURERS = {
    "weihai": {"HAYC": 0.38, "DFJC": 0.27, "LHCX": 0.2, "TSBX": 0.15},
    "shanghai": {"HAYC": 0.3, "DFJC": 0.2, "JNCX": 0.22, "PJCX": 0.2, "LHCX": 0.08},
}
# industry → (share of units, mandatory, median employees, premium per head, Chinese name)
INDUSTRIES = {
    "mine_coal": (0.004, True, 120, 190, "煤矿"), "mine_noncoal": (0.03, True, 45, 170, "非煤矿山"), "hazchem": (0.17, True, 40, 150, "危险化学品"),
    "fireworks": (0.02, True, 12, 160, "烟花爆竹"), "transport": (0.13, True, 50, 120, "交通运输"), "construction": (0.2, True, 60, 140, "建筑施工"),
    "explosives": (0.006, True, 40, 200, "民用爆炸物品"), "metallurgy": (0.04, True, 110, 130, "金属冶炼"), "fishery": (0.1, True, 15, 260, "渔业生产"),
    "fire_risk": (0.07, False, 60, 60, "火灾高危"), "special_equipment": (0.03, False, 50, 70, "特种设备"), "ammonia": (0.03, False, 40, 90, "涉氨制冷"),
    "dust": (0.04, False, 45, 95, "粉尘涉爆"), "confined_space": (0.02, False, 40, 80, "有限空间"), "power": (0.01, False, 80, 60, "电力"),
    "farm_machinery": (0.01, False, 10, 90, "农机经营服务"), "express": (0.02, False, 60, 70, "快递"), "delivery": (0.01, False, 80, 80, "外卖"),
    "public_venue": (0.02, False, 40, 50, "公众聚集场所"), "gas": (0.01, False, 50, 110, "燃气"), "road_maintenance": (0.01, False, 40, 130, "道路养护"),
    "other": (0.02, False, 50, 70, "其他工贸"),
}  # fmt: skip
PRODUCT = {
    "construction": "azx_construction",
    "road_maintenance": "azx_road_maintenance",
    "fire_risk": "azx_fire_risk",
    "fishery": "fishing_vessel",
}
PRODUCT_NAME = {
    "azx": "安责险",
    "azx_construction": "建设工程安责险",
    "azx_road_maintenance": "道路养护安责险",
    "azx_fire_risk": "火灾高危安责险",
    "fishing_vessel": "渔船综合险",
    "employer_liability": "雇主责任险",
}
ITEMS = ["training", "risk_assessment", "standardisation", "hazard_check", "emergency", "technology", "other"]
ITEM_NAME = dict(
    zip(
        ITEMS,
        [
            "安全生产宣传教育培训",
            "安全风险辨识评估",
            "安全生产标准化建设",
            "生产安全事故隐患排查",
            "应急预案编制和应急救援演练",
            "安全生产科技推广应用",
            "其他有关事故预防工作",
        ],
        strict=True,
    )
)
